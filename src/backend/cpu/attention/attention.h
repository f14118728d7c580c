// Attention of a group of query heads that share keys and values, over one sequence.
#pragma once

#include <cstddef>

namespace fletcher::cpu {

/// out[i] = softmax(scale·q[i]·kᵀ)·v for queries [first_query, last_query) of a sequence of `length` tokens and `heads`
/// heads, whose queries (and outputs) lie head_dim floats apart in a row. Rows of q, k and v are `ld` floats apart, of
/// out `ldo`. Keys and values are packed once per call; scores of a block of queries are whole rows (memory linear in
/// length, never length²), so sums run over the keys of the sequence in ascending order whatever the block.
struct AttentionArgs {
  const float* q;
  const float* k;
  const float* v;
  size_t ld;
  size_t length;
  size_t heads;
  size_t head_dim;
  float scale;
  size_t first_query;
  size_t last_query;
  float* out;
  size_t ldo;
  float* scratch;  // 64-byte aligned, attention_scratch(length, head_dim) floats
};

/// Relative error of 2^x in attention with bf16 operands, where a numerator is then rounded by up to 2^-9 = 2e-3.
constexpr double kExp2MaxRelativeError = 8e-5;

/// The most queries whose scores are held at a time.
constexpr size_t kQueryBlock = 24;

/// Floats of scratch that a call needs on any instruction set: keys, values, and a block of scores.
constexpr size_t attention_scratch(size_t length, size_t head_dim) {
  constexpr size_t kPad = 64;  // the widest panel
  return 2 * (length + kPad) * (head_dim + kPad) + kQueryBlock * (length + 2 * kPad);
}

}  // namespace fletcher::cpu
