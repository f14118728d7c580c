// Matrix products: rows of activations times packed panels of weights, with their epilogue.
#pragma once

#include <cstddef>
#include <cstdint>

#include "backend/stream.h"

namespace fletcher::cpu {

/// Columns of k (input features) that share one scale and zero point of an int8 product: sums of so many products of
/// a u8 and an s8 stay below 2^24, so that they are exact in f32 too.
constexpr size_t kMostGroup = 512;

/// How the u8 rows and s8 panels of an int8 product stand for real numbers, by groups of k:
/// x = (q - row_zero)·row_scale, w = q·column_scale.
struct Quantization {
  size_t groups = 1;
  size_t group_steps = 0;               // of every group but perhaps the last
  const float* row_scale = nullptr;     // [rows][groups]
  const float* row_zero = nullptr;      // [rows][groups], whole numbers
  const float* column_scale = nullptr;  // [groups][padded columns]
  const float* column_sum = nullptr;    // [groups][padded columns]: Σ q over the group, whole numbers
};

/// out = act(a·Wᵀ + bias) + residual for rows [0, rows) and panels [first_panel, last_panel).
/// k is counted in steps of 32 bits: one f32, two bf16, or four u8 (s8 in W), the rest of the last step zero.
/// W is packed [panel][step][column]; a panel has panel_columns columns, the last one as many whole vectors as it
/// needs, its columns beyond `columns` zero. Every output element is Σ a[k]·w[k] in one chain with k ascending, then
/// bias, act and residual: its bits depend on nothing else. Rows need no alignment. residual may be out.
struct GemmArgs {
  const std::byte* a;
  size_t lda;  // bytes
  size_t rows;
  const std::byte* panels;
  size_t steps;
  const float* bias;  // padded with zeros to whole panels
  size_t columns;     // of the whole product
  size_t first_panel;
  size_t last_panel;
  ActivationKind act;
  const float* residual;  // or null
  size_t ldr;
  float* out;
  size_t ldo;
  size_t out_column = 0;           // the first column that `out` holds
  Quantization quantization = {};  // int8
};

/// bf16 rows of f32 rows, rounded to nearest even; padded with zeros to whole steps.
struct NarrowArgs {
  const float* in;
  size_t ldi;
  size_t rows;
  size_t n;
  std::byte* out;
  size_t ldo;  // bytes
};

/// u8 rows of f32 rows x' = (x - center)·inverse_scale: by groups, the range of the group with zero in it is divided
/// into 255 steps. Rounded to nearest even.
struct QuantizeArgs {
  const float* in;
  size_t ldi;
  size_t rows;
  size_t n;
  size_t groups;
  size_t group_size;           // of every group but perhaps the last; a multiple of 4
  const float* center;         // [n], or null for zeros
  const float* inverse_scale;  // [n], or null for ones
  std::byte* out;
  size_t ldo;    // bytes
  float* scale;  // [rows][ld_scale], as Quantization::row_scale
  float* zero;   // [rows][ld_scale], as Quantization::row_zero
  size_t ld_scale;
  float* work;  // [n, rounded up to 64]
};

}  // namespace fletcher::cpu
