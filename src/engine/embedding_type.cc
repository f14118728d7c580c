#include "engine/embedding_type.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace fletcher {
namespace {

/// IEEE 754 round-to-nearest-even; overflow gives infinity.
uint16_t to_f16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint16_t sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  const uint32_t magnitude = bits & 0x7FFFFFFF;
  if (magnitude >= 0x7F800000) return sign | (magnitude > 0x7F800000 ? 0x7E00 : 0x7C00);  // NaN, infinity
  if (magnitude >= 0x477FF000) return sign | 0x7C00;                                      // rounds to infinity
  if (magnitude < 0x38800000) {  // subnormal half: adding 0.5 leaves the rounded multiple of 2^-24 in the low bits
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return sign | static_cast<uint16_t>(std::bit_cast<uint32_t>(shifted) - 0x3F000000);
  }
  const uint32_t odd = magnitude >> 13 & 1;
  return sign | static_cast<uint16_t>((magnitude - 0x38000000 + 0xFFF + odd) >> 13);
}

std::vector<std::byte> to_f16(std::span<const float> vector) {
  std::vector<std::byte> out;
  out.reserve(2 * vector.size());
  for (const float x : vector) {
    const uint16_t half = to_f16(x);
    out.push_back(static_cast<std::byte>(half & 0xFF));
    out.push_back(static_cast<std::byte>(half >> 8));
  }
  return out;
}

std::vector<std::byte> to_int8(std::span<const float> vector, int offset) {
  float largest = 0;
  for (const float x : vector) largest = std::max(largest, std::abs(x));
  const float scale = largest > 0 ? 127.0f / largest : 0.0f;
  std::vector<std::byte> out;
  out.reserve(vector.size());
  for (const float x : vector) {
    out.push_back(static_cast<std::byte>(static_cast<int>(std::lrint(x * scale)) + offset));
  }
  return out;
}

std::vector<std::byte> to_bits(std::span<const float> vector, int offset) {
  std::vector<std::byte> out((vector.size() + 7) / 8);
  for (size_t i = 0; i < vector.size(); ++i) {
    if (vector[i] > 0) out[i / 8] |= static_cast<std::byte>(0x80 >> i % 8);
  }
  for (std::byte& byte : out) byte = static_cast<std::byte>(static_cast<int>(byte) + offset);
  return out;
}

}  // namespace

void normalize(std::span<float> vector) {
  double squares = 0;
  for (const float x : vector) squares += static_cast<double>(x) * x;
  const double inverse = 1 / std::max(std::sqrt(squares), 1e-12);
  for (float& x : vector) x = static_cast<float>(x * inverse);
}

std::vector<std::byte> quantize(std::span<const float> vector, EmbeddingType type) {
  switch (type) {
    case EmbeddingType::float32:
      return {};
    case EmbeddingType::float16:
      return to_f16(vector);
    case EmbeddingType::int8:
      return to_int8(vector, 0);
    case EmbeddingType::uint8:
      return to_int8(vector, 128);
    case EmbeddingType::binary:
      return to_bits(vector, -128);
    case EmbeddingType::ubinary:
      return to_bits(vector, 0);
  }
  return {};
}

}  // namespace fletcher
