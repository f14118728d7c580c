// From the model's vector to the numbers that leave: cut, normalise, quantise.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "fletcher/engine.h"

namespace fletcher {

/// Scales to unit length; a vector of zeros stays (torch.nn.functional.normalize, eps 1e-12). Sums in double.
void normalize(std::span<float> vector);

/// The bytes of `vector` in another type: float16 (rounded to nearest even, little-endian), int8 = round(127·x /
/// max|x|), uint8 = int8 + 128, ubinary = bits x > 0 packed first dimension highest (the last byte filled with zeros),
/// binary = ubinary - 128. Empty for float32.
std::vector<std::byte> quantize(std::span<const float> vector, EmbeddingType type);

}  // namespace fletcher
