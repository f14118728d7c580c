// One recorded call of a Stream.
#pragma once

#include "backend/cpu/prepared.h"
#include "backend/stream.h"

namespace fletcher::cpu {

enum class OpKind : uint8_t { embed, linear, norm, linear_norm, attention, pool, l2_normalize, read };

/// What an op needs later. Fields that its kind has no use for are absent.
struct Op {
  OpKind kind;
  TensorView in;
  TensorView out;
  TensorView sum;  // linear_norm: the product; norm reads it
  const CpuLinear* linear = nullptr;
  Epilogue epilogue;
  const CpuNorm* norm = nullptr;
  EmbeddingSpec embedding;
  AttentionSpec attention;
  PoolingMode pooling = PoolingMode::cls;
  float* host = nullptr;  // read
  /// A product whose result the next op alone reads, as the input of a product that needs it narrowed.
  bool feeds_next = false;

  /// Rows it works on, one by one; attention and pool go by sequences instead.
  size_t rows() const { return out ? out.rows : in.rows; }
};

/// Floating-point operations of the op for a row, and for each pair of tokens of a sequence. An estimate for planning.
double flops_per_row(const Op& op);
double flops_per_pair(const Op& op);

}  // namespace fletcher::cpu
