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

namespace {

constexpr size_t kLine = 64;

constexpr size_t round_up(size_t n, size_t to) { return (n + to - 1) / to * to; }

/// Room for `rows` staged rows at `scratch`, not yet filled.
struct Staging {
  std::byte* data;
  size_t stride;
  float* scale;
  float* zero;
  float* work;
  float* end;

  Staging(const CpuLinear& linear, size_t rows, float* scratch)
      : data(reinterpret_cast<std::byte*>(scratch)),
        stride(round_up(linear.steps * 4, kLine)),
        scale(scratch + rows * stride / sizeof(float)),
        zero(scale + round_up(rows * linear.groups, kLine)),
        work(zero + round_up(rows * linear.groups, kLine)),
        end(work + round_up(linear.group_size, kLine)) {}
  StagedRows rows() const { return {data, stride, scale, zero}; }
};

/// Columns [column, column + n), whole groups, of `rows` f32 rows, into the u8 rows of `out` from `row` on.
void quantize(const Kernels& kernels, const CpuLinear& linear, const float* in, size_t ldi, size_t rows, size_t column,
              size_t n, const Staging& out, size_t row) {
  const size_t group = column / linear.group_size;
  const bool smooth = linear.center.size() > 0;
  kernels.quantize_rows({.in = in,
                         .ldi = ldi,
                         .rows = rows,
                         .n = n,
                         .groups = (n + linear.group_size - 1) / linear.group_size,
                         .group_size = linear.group_size,
                         .center = smooth ? linear.center.data() + column : nullptr,
                         .inverse_scale = smooth ? linear.inverse_scale.data() + column : nullptr,
                         .out = out.data + row * out.stride + column,
                         .ldo = out.stride,
                         .scale = out.scale + row * linear.groups + group,
                         .zero = out.zero + row * linear.groups + group,
                         .ld_scale = linear.groups,
                         .work = out.work});
}

/// Where a product's rows go.
struct ProductRows {
  float* data;
  size_t ld;
  size_t first_column;  // that `data` holds
};

void multiply(const Kernels& kernels, const Op& op, const StagedRows& in, size_t rows, size_t first_panel,
              size_t last_panel, const float* residual, const ProductRows& out) {
  const CpuLinear& linear = *op.linear;
  const auto gemm = linear.precision == Precision::int8   ? kernels.gemm_int8
                    : linear.precision == Precision::bf16 ? kernels.gemm_bf16
                                                          : kernels.gemm_f32;
  gemm({.a = in.data,
        .lda = in.stride,
        .rows = rows,
        .panels = linear.panels.data(),
        .steps = linear.steps,
        .bias = linear.bias.data(),
        .columns = linear.out_features(),
        .first_panel = first_panel,
        .last_panel = last_panel,
        .act = op.epilogue.act,
        .residual = residual,
        .ldr = op.epilogue.residual.row_stride,
        .out = out.data,
        .ldo = out.ld,
        .out_column = out.first_column,
        .quantization = {.groups = linear.groups,
                         .group_steps = linear.group_size / 4,
                         .row_scale = in.scale,
                         .row_zero = in.zero,
                         .column_scale = linear.column_scale.data(),
                         .column_sum = linear.column_sum.data()}});
}

}  // namespace

size_t staging_scratch(const Op& op, size_t rows) {
  const CpuLinear& linear = *op.linear;
  if (linear.precision == Precision::f32) return 0;
  const size_t staged = rows * round_up(linear.steps * 4, kLine) / sizeof(float);
  return staged + 2 * round_up(rows * linear.groups, kLine) + round_up(linear.group_size, kLine);
}

StagedRows stage_rows(const Kernels& kernels, const Op& op, size_t first, size_t last, float* scratch) {
  const float* in = row(op.in, first);
  if (op.linear->precision == Precision::f32) {
    return {reinterpret_cast<const std::byte*>(in), op.in.row_stride * sizeof(float), nullptr, nullptr};
  }
  const size_t rows = last - first;
  const Staging staging(*op.linear, rows, scratch);
  if (op.linear->precision == Precision::bf16) {
    kernels.narrow_rows({in, op.in.row_stride, rows, op.in.cols, staging.data, staging.stride});
  } else {
    quantize(kernels, *op.linear, in, op.in.row_stride, rows, 0, op.in.cols, staging, 0);
  }
  return staging.rows();
}

bool can_pair(const Kernels& kernels, const CpuLinear& next) {
  return next.precision == Precision::int8 && (next.groups == 1 || next.group_size % kernels.panel_columns == 0);
}

size_t pair_scratch(const Op& op, const Op& next) {
  return staging_scratch(op, kRowBlock) + staging_scratch(next, kRowBlock) +
         kTileRows * round_up(next.linear->group_size, kLine);
}

void run_pair(const Kernels& kernels, const Op& op, const Op& next, size_t first, size_t last, float* scratch) {
  const size_t columns = next.linear->group_size, panels = num_panels(kernels, op);
  for (size_t r = first; r < last; r += kRowBlock) {
    const size_t end = std::min(r + kRowBlock, last), rows = end - r;
    const StagedRows in = stage_rows(kernels, op, r, end, scratch);
    const Staging between(*next.linear, rows, scratch + staging_scratch(op, kRowBlock));
    const size_t tiles = (rows + kTileRows - 1) / kTileRows;
    for (size_t column = 0; column < next.in.cols; column += columns) {
      const size_t some = std::min(columns, next.in.cols - column);
      const size_t first_panel = column / kernels.panel_columns;
      const size_t last_panel = std::min(panels, (column + some + kernels.panel_columns - 1) / kernels.panel_columns);
      for (size_t tile = 0; tile < tiles; ++tile) {
        const size_t tile_row = rows * tile / tiles, tile_rows = rows * (tile + 1) / tiles - tile_row;
        multiply(kernels, op, in.from(tile_row, op.linear->groups), tile_rows, first_panel, last_panel, nullptr,
                 {between.end, round_up(columns, kLine), column});
        quantize(kernels, *next.linear, between.end, round_up(columns, kLine), tile_rows, column, some, between,
                 tile_row);
      }
    }
    run_product(kernels, next, between.rows(), r, end, 0, num_panels(kernels, next));
    if (next.kind == OpKind::linear_norm) run_norm_of_sum(kernels, next, r, end);
  }
}

void run_product(const Kernels& kernels, const Op& op, const StagedRows& in, size_t first, size_t last,
                 size_t first_panel, size_t last_panel) {
  const TensorView& out = op.kind == OpKind::linear_norm ? op.sum : op.out;
  const TensorView& residual = op.epilogue.residual;
  multiply(kernels, op, in, last - first, first_panel, last_panel, residual ? row(residual, first) : nullptr,
           {row(out, first), out.row_stride, 0});
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

void run_rows(const Kernels& kernels, const Batch& batch, const Op& op, size_t first, size_t last, float* scratch) {
  switch (op.kind) {
    case OpKind::embed:
      return embed_rows(kernels, batch, op, first, last);
    case OpKind::norm:
      return normalise(kernels, *op.norm, op.in, op.out, first, last);
    case OpKind::linear:
    case OpKind::linear_norm:
      for (size_t r = first; r < last; r += kRowBlock) {
        const size_t end = std::min(r + kRowBlock, last);
        run_product(kernels, op, stage_rows(kernels, op, r, end, scratch), r, end, 0, num_panels(kernels, op));
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
  const bool bf16 = spec.precision == Precision::bf16 && kernels.attention_bf16 != nullptr;
  const auto attention = bf16 ? kernels.attention_bf16 : kernels.attention;
  attention({.q = qkv + part.kv_head * group * spec.head_dim,
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
