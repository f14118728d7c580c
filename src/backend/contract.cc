#include "backend/contract.h"

#include <utility>

namespace fletcher {

Contract::Contract(std::string_view backend)
    : backend_(backend), status_(failed_precondition(std::string(backend) + " backend: no begin() came before")) {}

void Contract::begin(const Batch& batch) {
  batch_ = &batch;
  status_ = {};
}

void Contract::fail(Error error) {
  if (status_) status_ = tl::unexpected<Error>(std::move(error));
}

void Contract::require(bool holds, const char* op, const char* wanted) {
  if (holds) return;
  fail({Code::invalid_argument, std::string(backend_) + " backend: " + op + ": wanted " + wanted});
}

void Contract::require_views(std::initializer_list<TensorView> views, const char* op) {
  for (const TensorView& view : views) {
    require(view && view.dtype == DType::f32 && view.in_bounds(), op, "an f32 view inside its buffer");
  }
}

bool Contract::has_row_per_token(TensorView view) const {
  return batch_ != nullptr && view.rows == batch_->num_tokens();
}

bool Contract::embed(const EmbeddingSpec& spec, TensorView out) {
  require_views({out}, "embed");
  require(has_row_per_token(out), "embed", "a row for each token of the batch");
  require(spec.word != nullptr, "embed", "a word table");
  for (const EmbeddingTable* table : {spec.word, spec.position, spec.token_type}) {
    require(table == nullptr || table->features() == out.cols, "embed", "tables as wide as the output");
  }
  require(spec.norm == nullptr || spec.norm->features() == out.cols, "embed", "a norm as wide as the output");
  return status_.has_value();
}

bool Contract::linear(TensorView in, const Linear& w, const Epilogue& e, TensorView out) {
  require_views({in, out}, "linear");
  require(in.rows == out.rows, "linear", "as many rows out as in");
  require(in.cols == w.in_features() && out.cols == w.out_features(), "linear", "views as wide as the weights");
  if (e.residual) {
    require_views({e.residual}, "linear");
    require(e.residual.rows == out.rows && e.residual.cols == out.cols, "linear", "a residual of the output's shape");
  }
  return status_.has_value();
}

bool Contract::norm(TensorView in, const Norm& n, TensorView out) {
  require_views({in, out}, "norm");
  require(in.rows == out.rows && in.cols == n.features() && out.cols == n.features(), "norm",
          "views of one shape, as wide as gamma");
  return status_.has_value();
}

bool Contract::linear_norm(TensorView in, const Linear& w, const Epilogue& e, const Norm& n, TensorView sum,
                           TensorView out) {
  require_views({out}, "linear_norm");
  require(out.rows == in.rows && out.cols == n.features() && sum.cols == n.features(), "linear_norm",
          "an output and a sum of one shape, as wide as gamma");
  return linear(in, w, e, sum);
}

bool Contract::attention(TensorView qkv, const AttentionSpec& spec, TensorView out) {
  const size_t heads = spec.num_attention_heads, kv_heads = spec.num_key_value_heads;
  require_views({qkv, out}, "attention");
  require(kv_heads > 0 && heads > 0 && heads % kv_heads == 0 && spec.head_dim > 0, "attention",
          "num_attention_heads a multiple of num_key_value_heads");
  require(qkv.cols == (heads + 2 * kv_heads) * spec.head_dim && out.cols == heads * spec.head_dim, "attention",
          "queries, keys and values side by side, and an output as wide as the queries");
  require(has_row_per_token(qkv) && out.rows == qkv.rows, "attention", "a row for each token of the batch");
  return status_.has_value();
}

bool Contract::pool(TensorView in, TensorView out) {
  require_views({in, out}, "pool");
  require(in.cols == out.cols, "pool", "an output as wide as the input");
  require(has_row_per_token(in) && out.rows == batch_->num_sequences(), "pool",
          "a row for each token in, one for each sequence out");
  return status_.has_value();
}

bool Contract::l2_normalize(TensorView rows) {
  require_views({rows}, "l2_normalize");
  return status_.has_value();
}

bool Contract::read(TensorView in, std::span<float> out) {
  require_views({in}, "read");
  require(out.size() >= in.rows * in.cols, "read", "room for every value");
  return status_.has_value();
}

}  // namespace fletcher
