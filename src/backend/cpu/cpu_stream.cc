#include "backend/cpu/cpu_stream.h"

#include <string>
#include <utility>

#include "base/thread_pool.h"

namespace fletcher::cpu {

CpuStream::CpuStream(const Kernels& kernels, ThreadPool* pool, Schedule schedule)
    : kernels_(kernels),
      pool_(pool),
      schedule_(schedule),
      threads_(pool == nullptr ? 1 : pool->num_threads()),
      scratch_(threads_) {}

void CpuStream::begin(const Batch& batch) {
  batch_ = &batch;
  status_ = {};
  ops_.clear();
}

void CpuStream::require(bool holds, const char* op, const char* wanted) {
  if (holds || !status_) return;
  status_ = invalid_argument(std::string("cpu backend: ") + op + ": wanted " + wanted);
}

void CpuStream::require_view(const TensorView& view, const char* op) {
  require(view && view.dtype == DType::f32 && view.in_bounds(), op, "an f32 view inside its buffer");
}

void CpuStream::record(const Op& op) {
  if (status_) ops_.push_back(op);
}

void CpuStream::embed(const EmbeddingSpec& spec, TensorView out) {
  require_view(out, "embed");
  require(batch_ != nullptr && out.rows == batch_->num_tokens(), "embed", "a row for each token of the batch");
  require(spec.word != nullptr, "embed", "a word table");
  for (const EmbeddingTable* table : {spec.word, spec.position, spec.token_type}) {
    require(table == nullptr || table->features() == out.cols, "embed", "tables as wide as the output");
  }
  require(spec.norm == nullptr || spec.norm->features() == out.cols, "embed", "a norm as wide as the output");
  record({.kind = OpKind::embed, .out = out, .norm = static_cast<const CpuNorm*>(spec.norm), .embedding = spec});
}

void CpuStream::linear(TensorView in, const Linear& w, const Epilogue& e, TensorView out) {
  require_view(in, "linear");
  require_view(out, "linear");
  require(in.rows == out.rows, "linear", "as many rows out as in");
  require(in.cols == w.in_features() && out.cols == w.out_features(), "linear", "views as wide as the weights");
  if (e.residual) {
    require_view(e.residual, "linear");
    require(e.residual.rows == out.rows && e.residual.cols == out.cols, "linear", "a residual of the output's shape");
  }
  record({.kind = OpKind::linear, .in = in, .out = out, .linear = static_cast<const CpuLinear*>(&w), .epilogue = e});
}

void CpuStream::norm(TensorView in, const Norm& n, TensorView out) {
  require_view(in, "norm");
  require_view(out, "norm");
  require(in.rows == out.rows && in.cols == n.features() && out.cols == n.features(), "norm",
          "views of one shape, as wide as gamma");
  record({.kind = OpKind::norm, .in = in, .out = out, .norm = static_cast<const CpuNorm*>(&n)});
}

void CpuStream::linear_norm(TensorView in, const Linear& w, const Epilogue& e, const Norm& n, TensorView sum,
                            TensorView out) {
  require_view(out, "linear_norm");
  require(out.rows == in.rows && out.cols == n.features() && sum.cols == n.features(), "linear_norm",
          "an output and a sum of one shape, as wide as gamma");
  linear(in, w, e, sum);
  if (!status_) return;
  Op& op = ops_.back();
  op.kind = OpKind::linear_norm;
  op.norm = static_cast<const CpuNorm*>(&n);
  op.sum = sum;
  op.out = out;
}

void CpuStream::attention(TensorView qkv, const AttentionSpec& spec, TensorView out) {
  require_view(qkv, "attention");
  require_view(out, "attention");
  const size_t heads = spec.num_attention_heads, kv_heads = spec.num_key_value_heads;
  require(kv_heads > 0 && heads > 0 && heads % kv_heads == 0 && spec.head_dim > 0, "attention",
          "num_attention_heads a multiple of num_key_value_heads");
  require(qkv.cols == (heads + 2 * kv_heads) * spec.head_dim && out.cols == heads * spec.head_dim, "attention",
          "queries, keys and values side by side, and an output as wide as the queries");
  require(batch_ != nullptr && qkv.rows == batch_->num_tokens() && out.rows == qkv.rows, "attention",
          "a row for each token of the batch");
  record({.kind = OpKind::attention, .in = qkv, .out = out, .attention = spec});
}

void CpuStream::pool(TensorView in, PoolingMode mode, TensorView out) {
  require_view(in, "pool");
  require_view(out, "pool");
  require(in.cols == out.cols, "pool", "an output as wide as the input");
  require(batch_ != nullptr && in.rows == batch_->num_tokens() && out.rows == batch_->num_sequences(), "pool",
          "a row for each token in, one for each sequence out");
  record({.kind = OpKind::pool, .in = in, .out = out, .pooling = mode});
}

void CpuStream::l2_normalize(TensorView rows) {
  require_view(rows, "l2_normalize");
  record({.kind = OpKind::l2_normalize, .in = rows, .out = rows});
}

void CpuStream::read(TensorView in, std::span<float> out) {
  require_view(in, "read");
  require(out.size() >= in.rows * in.cols, "read", "room for every value");
  record({.kind = OpKind::read, .in = in, .host = out.data()});
}

}  // namespace fletcher::cpu
