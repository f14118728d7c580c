// Reading stored rows as f32, and making one row of many.
#pragma once

#include <cstddef>

#include "tensor/dtype.h"

namespace fletcher::cpu {

/// out = Σ weight·row / divisor over rows in ascending order; the weight is first_weight, then weight_step more a row.
struct RowSumArgs {
  const float* in;
  size_t ldi;
  size_t rows;
  size_t cols;
  float first_weight;
  float weight_step;
  float divisor;
  float* out;
};

}  // namespace fletcher::cpu
