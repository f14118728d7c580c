// Matrix products in f32: rows of activations times packed panels of weights, with their epilogue.
#pragma once

#include <cstddef>

#include "backend/stream.h"

namespace fletcher::cpu {

/// out = act(a·Wᵀ + bias) + residual for rows [0, rows) and panels [first_panel, last_panel).
/// W is packed [panel][k][column]; a panel has panel_columns columns, the last one as many whole vectors as it needs,
/// its columns beyond `columns` zero. Every output element is Σ a[k]·w[k] in one chain with k ascending, then bias, act
/// and residual: its bits depend on nothing else. Rows need no alignment. residual may be out.
struct GemmArgs {
  const float* a;
  size_t lda;
  size_t rows;
  const float* panels;
  const float* bias;  // padded with zeros to whole panels
  size_t k;
  size_t columns;  // of the whole product
  size_t first_panel;
  size_t last_panel;
  ActivationKind act;
  const float* residual;  // or null
  size_t ldr;
  float* out;
  size_t ldo;
};

}  // namespace fletcher::cpu
