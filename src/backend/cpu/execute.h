// Runs recorded ops on parts of a batch. Every part gives the same bits, however the batch is divided.
#pragma once

#include "backend/cpu/kernels.h"
#include "backend/cpu/op.h"

namespace fletcher::cpu {

/// Rows of a register tile: blocks are multiples of it where they can be.
constexpr size_t kTileRows = 12;
/// Rows per step inside a part: what a step leaves for the next op is still in a cache when that takes it, and weights,
/// read once a step, cost little (in f32 half as many rows lose 2 %, in bf16 and int8 it makes no difference).
constexpr size_t kRowBlock = 264;

/// Rows of activations in the form a product takes: the op's own for f32, else made in scratch.
struct StagedRows {
  const std::byte* data;
  size_t stride;       // bytes
  const float* scale;  // int8: as in Quantization
  const float* zero;

  /// The rows from `row` on, of a product with `groups` groups of k.
  StagedRows from(size_t row, size_t groups) const {
    const bool scaled = scale != nullptr;
    return {data + row * stride, stride, scaled ? scale + row * groups : nullptr,
            scaled ? zero + row * groups : nullptr};
  }
};

/// Floats of scratch to stage so many rows of the op's input; 0 for f32.
size_t staging_scratch(const Op& op, size_t rows);
/// Rows [first, last) of the input of a linear or linear_norm op. `scratch`: 64-byte aligned, as staging_scratch says.
StagedRows stage_rows(const Kernels& kernels, const Op& op, size_t first, size_t last, float* scratch);
/// Rows [first, last) of a linear or linear_norm op and panels [first_panel, last_panel), without the norm. `in` are
/// the same rows, staged.
void run_product(const Kernels& kernels, const Op& op, const StagedRows& in, size_t first, size_t last,
                 size_t first_panel, size_t last_panel);
size_t num_panels(const Kernels& kernels, const Op& op);
/// The norm of a linear_norm op, on rows [first, last) that run_product has finished.
void run_norm_of_sum(const Kernels& kernels, const Op& op, size_t first, size_t last);
/// True if the inputs of `next` can be quantised a few whole panels at a time. (Not worth it for bf16: rows of a whole
/// block are narrowed as fast.)
bool can_pair(const Kernels& kernels, const CpuLinear& next);
/// Floats of scratch that run_pair needs.
size_t pair_scratch(const Op& op, const Op& next);
/// Rows [first, last) of `op` and of `next`, the product it feeds: what goes between them is quantised while it is in
/// the first-level cache, and never stored as f32. Gives the bits of one after the other.
void run_pair(const Kernels& kernels, const Op& op, const Op& next, size_t first, size_t last, float* scratch);
/// Rows [first, last) of any op that goes by rows. `scratch` as staging_scratch says for kRowBlock rows.
void run_rows(const Kernels& kernels, const Batch& batch, const Op& op, size_t first, size_t last, float* scratch);

/// Queries [first_query, last_query) of a sequence, with the heads that share kv_head. `scratch` as AttentionArgs says.
struct AttentionPart {
  size_t sequence;
  size_t kv_head;
  size_t first_query;
  size_t last_query;
};
void run_attention(const Kernels& kernels, const Batch& batch, const Op& op, const AttentionPart& part, float* scratch);
/// Sequence `sequence` of a pool op.
void run_pool(const Kernels& kernels, const Batch& batch, const Op& op, size_t sequence);

}  // namespace fletcher::cpu
