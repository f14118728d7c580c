#include "backend/cpu/execute.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace fletcher::cpu {

double flops_per_row(const Op& op) {
  const double columns = static_cast<double>(op.out ? op.out.cols : op.in.cols);
  if (op.linear == nullptr) return 16 * columns;  // bound by memory: a guess is enough
  return 2.0 * static_cast<double>(op.linear->in_features()) * columns;
}

double flops_per_pair(const Op& op) {
  return 4.0 * static_cast<double>(op.attention.num_attention_heads * op.attention.head_dim);
}

size_t num_panels(const Kernels& kernels, const Op& op) {
  return (op.linear->out_features() + kernels.panel_columns - 1) / kernels.panel_columns;
}

void run_product(const Kernels& kernels, const Op& op, size_t first, size_t last, size_t first_panel,
                 size_t last_panel) {
  const TensorView& out = op.kind == OpKind::linear_norm ? op.sum : op.out;
  const TensorView& residual = op.epilogue.residual;
  kernels.gemm({.a = row(op.in, first),
                .lda = op.in.row_stride,
                .rows = last - first,
                .panels = op.linear->panels.data(),
                .bias = op.linear->bias.data(),
                .k = op.linear->in_features(),
                .columns = op.linear->out_features(),
                .first_panel = first_panel,
                .last_panel = last_panel,
                .act = op.epilogue.act,
                .residual = residual ? row(residual, first) : nullptr,
                .ldr = residual.row_stride,
                .out = row(out, first),
                .ldo = out.row_stride});
}

namespace {

void normalise(const Kernels& kernels, const CpuNorm& norm, const TensorView& in, const TensorView& out, size_t first,
               size_t last) {
  kernels.layer_norm({.in = row(in, first),
                      .ldi = in.row_stride,
                      .rows = last - first,
                      .n = norm.features(),
                      .gamma = norm.gamma.data(),
                      .beta = norm.beta.data(),
                      .eps = norm.eps,
                      .out = row(out, first),
                      .ldo = out.row_stride});
}

void add_embedding(const Kernels& kernels, const EmbeddingTable* table, int32_t id, float* out, bool add) {
  if (table == nullptr) return;
  const auto& t = static_cast<const CpuEmbedding&>(*table);
  kernels.read_row(t.dtype, t.row(static_cast<size_t>(id)), t.features(), out, add);
}

void embed_rows(const Kernels& kernels, const Batch& batch, const Op& op, size_t first, size_t last) {
  for (size_t t = first; t < last; ++t) {
    float* out = row(op.out, t);
    add_embedding(kernels, op.embedding.word, batch.input_ids[t], out, false);
    add_embedding(kernels, op.embedding.position, batch.position_ids[t], out, true);
    add_embedding(kernels, op.embedding.token_type, batch.token_type_ids[t], out, true);
  }
  if (op.norm != nullptr) normalise(kernels, *op.norm, op.out, op.out, first, last);
}

}  // namespace

void run_norm_of_sum(const Kernels& kernels, const Op& op, size_t first, size_t last) {
  normalise(kernels, *op.norm, op.sum, op.out, first, last);
}

void run_rows(const Kernels& kernels, const Batch& batch, const Op& op, size_t first, size_t last) {
  switch (op.kind) {
    case OpKind::embed:
      return embed_rows(kernels, batch, op, first, last);
    case OpKind::norm:
      return normalise(kernels, *op.norm, op.in, op.out, first, last);
    case OpKind::linear:
    case OpKind::linear_norm:
      for (size_t r = first; r < last; r += kRowBlock) {
        const size_t end = std::min(r + kRowBlock, last);
        run_product(kernels, op, r, end, 0, num_panels(kernels, op));
        if (op.kind == OpKind::linear_norm) run_norm_of_sum(kernels, op, r, end);
      }
      return;
    case OpKind::l2_normalize:
      for (size_t r = first; r < last; ++r) kernels.l2_normalize(row(op.out, r), op.out.cols);
      return;
    case OpKind::read:
      for (size_t r = first; r < last; ++r) {
        std::memcpy(op.host + r * op.in.cols, row(op.in, r), op.in.cols * sizeof(float));
      }
      return;
    case OpKind::attention:
    case OpKind::pool:
      return;  // by sequences: run_attention, run_pool
  }
}

void run_attention(const Kernels& kernels, const Batch& batch, const Op& op, const AttentionPart& part,
                   float* scratch) {
  const AttentionSpec& spec = op.attention;
  const auto begin = static_cast<size_t>(batch.cu_seqlens[part.sequence]);
  const auto end = static_cast<size_t>(batch.cu_seqlens[part.sequence + 1]);
  const size_t group = spec.num_attention_heads / spec.num_key_value_heads;
  const float* qkv = row(op.in, begin);
  const float* keys = qkv + (spec.num_attention_heads + part.kv_head) * spec.head_dim;
  kernels.attention({.q = qkv + part.kv_head * group * spec.head_dim,
                     .k = keys,
                     .v = keys + spec.num_key_value_heads * spec.head_dim,
                     .ld = op.in.row_stride,
                     .length = end - begin,
                     .heads = group,
                     .head_dim = spec.head_dim,
                     .scale = spec.scale,
                     .first_query = part.first_query,
                     .last_query = part.last_query,
                     .out = row(op.out, begin) + part.kv_head * group * spec.head_dim,
                     .ldo = op.out.row_stride,
                     .scratch = scratch});
}

void run_pool(const Kernels& kernels, const Batch& batch, const Op& op, size_t sequence) {
  const auto begin = static_cast<size_t>(batch.cu_seqlens[sequence]);
  const auto end = static_cast<size_t>(batch.cu_seqlens[sequence + 1]);
  const size_t skipped = static_cast<size_t>(batch.pool_begin[sequence]), from = begin + skipped;
  const size_t cols = op.in.cols;
  float* out = row(op.out, sequence);
  if (from >= end) {
    std::fill_n(out, cols, 0.0f);
    return;
  }
  if (op.pooling == PoolingMode::cls) {
    std::memcpy(out, row(op.in, from), cols * sizeof(float));
    return;
  }
  if (op.pooling == PoolingMode::last_token) {
    std::memcpy(out, row(op.in, end - 1), cols * sizeof(float));
    return;
  }
  if (op.pooling == PoolingMode::max) {
    kernels.max_rows(row(op.in, from), op.in.row_stride, end - from, cols, out);
    return;
  }
  const auto count = static_cast<double>(end - from);
  RowSumArgs sum{row(op.in, from), op.in.row_stride, end - from, cols, 1, 0, static_cast<float>(count), out};
  if (op.pooling == PoolingMode::mean_sqrt_len) sum.divisor = static_cast<float>(std::sqrt(count));
  if (op.pooling == PoolingMode::weighted_mean) {  // the weight of a token is its place in the sequence, from 1
    sum.first_weight = static_cast<float>(skipped + 1);
    sum.weight_step = 1;
    sum.divisor = static_cast<float>(count * (static_cast<double>(skipped) + (count + 1) / 2));
  }
  kernels.sum_rows(sum);
}

}  // namespace fletcher::cpu
