// Scaled dot-product attention (Vaswani et al., arXiv 1706.03762 §3.2.1), one sequence, head and query at a time.

#include <algorithm>
#include <cmath>
#include <vector>

#include "backend/reference/reference_ops.h"

namespace fletcher::reference {
namespace {

double dot(const double* a, const double* b, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

/// out [head_dim] for the query in row `query` and one head; keys are rows [begin, end).
void attend(TensorView qkv, const AttentionSpec& spec, size_t head, size_t query, size_t begin, size_t end,
            double* out) {
  const size_t d = spec.head_dim;
  const size_t kv_head = head / (spec.num_attention_heads / spec.num_key_value_heads);
  const size_t key_column = spec.num_attention_heads * d + kv_head * d;
  const size_t value_column = key_column + spec.num_key_value_heads * d;
  std::vector<double> p(end - begin);
  for (size_t j = begin; j < end; ++j)
    p[j - begin] = spec.scale * dot(row(qkv, query) + head * d, row(qkv, j) + key_column, d);
  const double highest = *std::ranges::max_element(p);
  double total = 0;
  for (double& score : p) total += score = std::exp(score - highest);
  std::fill_n(out, d, 0.0);
  for (size_t j = begin; j < end; ++j) {
    const double* value = row(qkv, j) + value_column;
    for (size_t c = 0; c < d; ++c) out[c] += p[j - begin] / total * value[c];
  }
}

}  // namespace

void attention(const Batch& batch, TensorView qkv, const AttentionSpec& spec, TensorView out) {
  for (size_t s = 0; s < batch.num_sequences(); ++s) {
    const auto begin = static_cast<size_t>(batch.cu_seqlens[s]), end = static_cast<size_t>(batch.cu_seqlens[s + 1]);
    for (size_t head = 0; head < spec.num_attention_heads; ++head) {
      for (size_t query = begin; query < end; ++query) {
        attend(qkv, spec, head, query, begin, end, row(out, query) + head * spec.head_dim);
      }
    }
  }
}

}  // namespace fletcher::reference
