// Normalisation of rows.
#pragma once

#include <cstddef>

namespace fletcher::cpu {

/// out = (in - mean)·gamma/√(variance + eps) + beta for each row of n values. Two passes in f32: the mean, then the
/// variance of the differences, so that a large mean costs no digits. out may be in.
struct NormArgs {
  const float* in;
  size_t ldi;
  size_t rows;
  size_t n;
  const float* gamma;
  const float* beta;
  float eps;
  float* out;
  size_t ldo;
};

}  // namespace fletcher::cpu
