#include "cli/op_cases.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace fletcher::cli {
namespace {

constexpr size_t kRows[] = {1, 8, 16, 32, 96, 256};
constexpr size_t kColdRows[] = {8, 16, 32};
constexpr size_t kLengths[] = {16, 128, 512};
constexpr size_t kTokens = 512;  // of the batches of attention and of the ops that only move bytes
constexpr size_t kEncoderLayers = 6;
// A query, and about 2,000 tokens of sentences, of abstracts and of pages.
constexpr Sequences kEncoderTexts[] = {{1, 10}, {128, 15}, {10, 195}, {4, 512}};

double number(size_t n) { return static_cast<double>(n); }
/// Bytes of so many f32 columns for every token.
double activations(const Sequences& s, size_t columns) { return number(s.tokens() * columns * sizeof(float)); }
double attention_flops(const LayerShape& shape, const Sequences& s) {
  return 4 * number(s.tokens()) * number(s.length) * number(shape.context_size());
}

/// What follows a product.
enum class Tail : uint8_t { plain, gelu, residual, residual_norm };

const char* name_of(Tail tail) {
  switch (tail) {
    case Tail::plain:
      return "linear";
    case Tail::gelu:
      return "linear+gelu";
    case Tail::residual:
      return "linear+residual";
    case Tail::residual_norm:
      return "linear+residual+norm";
  }
  return "";
}

Result<PreparedOp> prepare_product(OpRig& rig, size_t in, size_t out, Tail tail) {
  FLETCHER_TRY_ASSIGN(const Linear* const w, rig.linear(in, out));
  FLETCHER_TRY_ASSIGN(const TensorView x, rig.activation(in));
  FLETCHER_TRY_ASSIGN(const TensorView y, rig.activation(out));
  if (tail == Tail::residual_norm) {
    FLETCHER_TRY_ASSIGN(const Norm* const n, rig.norm(out));
    return PreparedOp{[=](Stream& s) { s.linear_norm(x, *w, {.residual = y}, *n, y, y); }};
  }
  Epilogue epilogue;
  if (tail == Tail::gelu) epilogue.act = ActivationKind::gelu;
  if (tail != Tail::residual) return PreparedOp{[=](Stream& s) { s.linear(x, *w, epilogue, y); }};
  // Not in place: nothing brings a sum that grows with every run back.
  FLETCHER_TRY_ASSIGN(const TensorView residual, rig.activation(out));
  return PreparedOp{[=](Stream& s) { s.linear(x, *w, {.residual = residual}, y); }};
}

OpCase product(size_t in, size_t out, Tail tail, size_t rows) {
  OpCase c;
  c.op = name_of(tail);
  c.size = std::to_string(in) + " > " + std::to_string(out);
  c.sequences = {1, rows};
  c.flops = 2 * number(rows) * number(in) * number(out);
  const bool reads_residual = tail == Tail::residual || tail == Tail::residual_norm;
  c.activation_bytes = activations(c.sequences, in + (reads_residual ? 2 : 1) * out);
  c.prepare = [=](OpRig& rig) { return prepare_product(rig, in, out, tail); };
  return c;
}

void add_products(const LayerShape& shape, std::vector<OpCase>& cases) {
  const size_t hidden = shape.hidden_size, wide = shape.intermediate_size;
  const Tail sum = shape.post_norm ? Tail::residual_norm : Tail::residual;
  const size_t up = shape.post_norm ? wide : 2 * wide;  // gate and up side by side
  for (const size_t rows : kRows) {
    cases.push_back(product(hidden, shape.qkv_size(), Tail::plain, rows));
    cases.push_back(product(shape.context_size(), hidden, Tail::plain, rows));
    cases.push_back(product(shape.context_size(), hidden, sum, rows));
    cases.push_back(product(hidden, up, Tail::plain, rows));
    if (shape.post_norm) cases.push_back(product(hidden, up, Tail::gelu, rows));
    cases.push_back(product(wide, hidden, Tail::plain, rows));
    cases.push_back(product(wide, hidden, sum, rows));
  }
}

/// As a model asks for it: in bf16, where the backend has that, unless the products are in f32.
AttentionSpec attention_of(const LayerShape& shape, const OpRig& rig) {
  return {.num_attention_heads = shape.num_attention_heads,
          .num_key_value_heads = shape.num_key_value_heads,
          .head_dim = shape.head_dim,
          .scale = 1 / std::sqrt(static_cast<float>(shape.head_dim)),
          .precision = rig.precision() == Precision::f32 ? Precision::f32 : Precision::bf16};
}

OpCase attention(const LayerShape& shape, size_t length) {
  OpCase c;
  c.op = "attention";
  c.size = std::to_string(shape.num_attention_heads) + " heads of " + std::to_string(shape.head_dim);
  c.sequences = {kTokens / length, length};
  c.flops = c.attention_flops = attention_flops(shape, c.sequences);
  c.activation_bytes = activations(c.sequences, shape.qkv_size() + shape.context_size());
  c.prepare = [shape](OpRig& rig) -> Result<PreparedOp> {
    FLETCHER_TRY_ASSIGN(const TensorView qkv, rig.activation(shape.qkv_size()));
    FLETCHER_TRY_ASSIGN(const TensorView context, rig.activation(shape.context_size()));
    return PreparedOp{[=, spec = attention_of(shape, rig)](Stream& s) { s.attention(qkv, spec, context); }};
  };
  return c;
}

OpCase norm(const LayerShape& shape) {
  OpCase c;
  c.op = "norm";
  c.size = std::to_string(shape.hidden_size);
  c.sequences = {1, kTokens};
  c.activation_bytes = activations(c.sequences, 2 * shape.hidden_size);
  c.precision_matters = false;
  c.prepare = [shape](OpRig& rig) -> Result<PreparedOp> {
    FLETCHER_TRY_ASSIGN(const TensorView x, rig.activation(shape.hidden_size));
    FLETCHER_TRY_ASSIGN(const TensorView y, rig.activation(shape.hidden_size));
    FLETCHER_TRY_ASSIGN(const Norm* const n, rig.norm(shape.hidden_size));
    return PreparedOp{[=](Stream& s) { s.norm(x, *n, y); }};
  };
  return c;
}

Result<EmbeddingSpec> prepare_embedding(OpRig& rig, const LayerShape& shape) {
  EmbeddingSpec spec;
  FLETCHER_TRY_ASSIGN(spec.word, rig.table(shape.hidden_size));
  if (!shape.post_norm) return spec;
  spec.position = spec.token_type = spec.word;
  FLETCHER_TRY_ASSIGN(spec.norm, rig.norm(shape.hidden_size));
  return spec;
}

OpCase embed(const LayerShape& shape) {
  OpCase c;
  c.op = "embed";
  c.size = std::to_string(shape.hidden_size);
  c.sequences = {1, kTokens};
  c.activation_bytes = activations(c.sequences, (shape.post_norm ? 4 : 2) * shape.hidden_size);
  c.precision_matters = false;
  c.prepare = [shape](OpRig& rig) -> Result<PreparedOp> {
    FLETCHER_TRY_ASSIGN(const EmbeddingSpec spec, prepare_embedding(rig, shape));
    FLETCHER_TRY_ASSIGN(const TensorView x, rig.activation(shape.hidden_size));
    return PreparedOp{[=](Stream& s) { s.embed(spec, x); }};
  };
  return c;
}

OpCase pool(const LayerShape& shape, size_t length) {
  OpCase c;
  const PoolingMode mode = shape.post_norm ? PoolingMode::mean : PoolingMode::last_token;
  c.op = shape.post_norm ? "pool mean" : "pool last";
  c.size = std::to_string(shape.hidden_size);
  c.sequences = {kTokens / length, length};
  const size_t rows_read = mode == PoolingMode::mean ? c.sequences.tokens() : c.sequences.count;
  c.activation_bytes = number((rows_read + c.sequences.count) * shape.hidden_size * sizeof(float));
  c.precision_matters = false;
  c.prepare = [=](OpRig& rig) -> Result<PreparedOp> {
    FLETCHER_TRY_ASSIGN(const TensorView x, rig.activation(shape.hidden_size));
    FLETCHER_TRY_ASSIGN(const TensorView y, rig.activation(kTokens / length, shape.hidden_size));
    return PreparedOp{[=](Stream& s) { s.pool(x, mode, y); }};
  };
  return c;
}

/// The products and norms of one layer of a post-norm encoder.
struct Layer {
  const Linear *qkv, *out, *up, *down;
  const Norm *after_attention, *after_ffn;
};

Result<Layer> prepare_layer(OpRig& rig, const LayerShape& shape) {
  Layer layer;
  FLETCHER_TRY_ASSIGN(layer.qkv, rig.linear(shape.hidden_size, shape.qkv_size()));
  FLETCHER_TRY_ASSIGN(layer.out, rig.linear(shape.context_size(), shape.hidden_size));
  FLETCHER_TRY_ASSIGN(layer.up, rig.linear(shape.hidden_size, shape.intermediate_size));
  FLETCHER_TRY_ASSIGN(layer.down, rig.linear(shape.intermediate_size, shape.hidden_size));
  FLETCHER_TRY_ASSIGN(layer.after_attention, rig.norm(shape.hidden_size));
  FLETCHER_TRY_ASSIGN(layer.after_ffn, rig.norm(shape.hidden_size));
  return layer;
}

size_t layer_weights(const LayerShape& shape) {
  return shape.hidden_size * (shape.qkv_size() + shape.context_size() + 2 * shape.intermediate_size);
}

struct LayerViews {
  TensorView x, qkv, context, ffn;
};

Result<LayerViews> make_views(OpRig& rig, const LayerShape& shape) {
  LayerViews views;
  FLETCHER_TRY_ASSIGN(views.x, rig.activation(shape.hidden_size));
  FLETCHER_TRY_ASSIGN(views.qkv, rig.activation(shape.qkv_size()));
  FLETCHER_TRY_ASSIGN(views.context, rig.activation(shape.context_size()));
  FLETCHER_TRY_ASSIGN(views.ffn, rig.activation(shape.intermediate_size));
  return views;
}

/// Columns read and written for a token by a layer's products.
size_t product_columns(const LayerShape& shape) {
  return 6 * shape.hidden_size + shape.qkv_size() + shape.context_size() + 2 * shape.intermediate_size;
}

void issue_ffn_and_output(Stream& s, const Layer& w, const LayerViews& v) {
  s.linear_norm(v.context, *w.out, {.residual = v.x}, *w.after_attention, v.x, v.x);
  s.linear(v.x, *w.up, {.act = ActivationKind::gelu}, v.ffn);
  s.linear_norm(v.ffn, *w.down, {.residual = v.x}, *w.after_ffn, v.x, v.x);
}

/// The products of a layer, a different copy of its weights every time.
OpCase cold_layer(const LayerShape& shape, size_t rows, size_t cold_bytes) {
  OpCase c;
  c.op = "cold layer";
  c.size = std::to_string(shape.hidden_size) + ", " + std::to_string(shape.intermediate_size);
  c.sequences = {1, rows};
  c.flops = 2 * number(rows) * number(layer_weights(shape));
  c.activation_bytes = activations(c.sequences, product_columns(shape));
  c.cold = true;
  c.prepare = [=](OpRig& rig) -> Result<PreparedOp> {
    auto layers = std::make_shared<std::vector<Layer>>();
    while (rig.weight_bytes() < cold_bytes) {
      FLETCHER_TRY_ASSIGN(layers->emplace_back(), prepare_layer(rig, shape));
    }
    FLETCHER_TRY_ASSIGN(const LayerViews views, make_views(rig, shape));
    return PreparedOp{[=, next = size_t{0}](Stream& s) mutable {
                        const Layer& layer = (*layers)[next];
                        next = (next + 1) % layers->size();
                        s.linear(views.x, *layer.qkv, {}, views.qkv);
                        issue_ffn_and_output(s, layer, views);
                      },
                      layers->size()};
  };
  return c;
}

OpCase encoder(const LayerShape& shape, const Sequences& texts) {
  OpCase c;
  c.op = "encoder";
  c.size = std::to_string(kEncoderLayers) + " layers of " + std::to_string(shape.hidden_size);
  c.sequences = texts;
  c.attention_flops = number(kEncoderLayers) * attention_flops(shape, texts);
  c.flops = 2 * number(texts.tokens() * kEncoderLayers) * number(layer_weights(shape)) + c.attention_flops;
  const size_t columns = product_columns(shape) + shape.qkv_size() + shape.context_size();
  c.activation_bytes = activations(texts, kEncoderLayers * columns + 4 * shape.hidden_size);
  c.prepare = [=](OpRig& rig) -> Result<PreparedOp> {
    FLETCHER_TRY_ASSIGN(const EmbeddingSpec embedding, prepare_embedding(rig, shape));
    std::vector<Layer> layers(kEncoderLayers);
    for (Layer& layer : layers) {
      FLETCHER_TRY_ASSIGN(layer, prepare_layer(rig, shape));
    }
    FLETCHER_TRY_ASSIGN(const LayerViews views, make_views(rig, shape));
    return PreparedOp{[=, spec = attention_of(shape, rig)](Stream& s) {
      s.embed(embedding, views.x);
      for (const Layer& layer : layers) {
        s.linear(views.x, *layer.qkv, {}, views.qkv);
        s.attention(views.qkv, spec, views.context);
        issue_ffn_and_output(s, layer, views);
      }
    }};
  };
  return c;
}

}  // namespace

OpRig::OpRig(Backend& backend, Precision precision, const Sequences& sequences)
    : backend_(backend), precision_(precision), stream_(backend.open_stream()) {
  uint32_t state = 1;
  std::vector<int32_t> ids(sequences.length);
  for (size_t i = 0; i < sequences.count; ++i) {
    for (int32_t& id : ids) {
      state = state * 1'664'525 + 1'013'904'223;  // Numerical Recipes' generator: quick, and random enough for this
      id = static_cast<int32_t>((state >> 8) % kVocabularySize);
    }
    batch_.append(ids, {});
  }
}

std::span<const std::byte> OpRig::random(size_t values) {
  std::vector<float>& out = values_.emplace_back(values);
  uint32_t state = static_cast<uint32_t>(values_.size());
  for (float& x : out) {
    state = state * 1'664'525 + 1'013'904'223;
    x = static_cast<float>(static_cast<int32_t>(state)) * (0.1f / 2147483648.0f);  // ±0.1
  }
  return std::as_bytes(std::span(out));
}

Result<const Linear*> OpRig::linear(size_t in_features, size_t out_features) {
  const HostMatrix weight{random(in_features * out_features), DType::f32, out_features, in_features};
  const HostMatrix bias{random(out_features), DType::f32, 1, out_features};
  FLETCHER_TRY_ASSIGN(auto made, backend_.prepare_linear({{&weight, 1}, {&bias, 1}, precision_}));
  values_.resize(values_.size() - 2);
  weight_bytes_ += made->size_bytes();
  return linears_.emplace_back(std::move(made)).get();
}

Result<const Norm*> OpRig::norm(size_t features) {
  const std::vector<float> ones(features, 1.0f);
  FLETCHER_TRY_ASSIGN(auto made,
                      backend_.prepare_norm({.gamma = {std::as_bytes(std::span(ones)), DType::f32, 1, features}}));
  return norms_.emplace_back(std::move(made)).get();
}

Result<const EmbeddingTable*> OpRig::table(size_t features) {
  const HostMatrix source{random(kVocabularySize * features), DType::f32, kVocabularySize, features};
  FLETCHER_TRY_ASSIGN(auto made, backend_.prepare_embedding(source));
  return tables_.emplace_back(std::move(made)).get();
}

Result<TensorView> OpRig::activation(size_t rows, size_t cols) {
  FLETCHER_TRY_ASSIGN(Backend::Activation made, backend_.activation(rows, cols));
  buffers_.push_back(std::move(made.buffer));
  if (rows != tokens()) return made.view;
  // The one way in for values of one's own: as many rows of a table as there are tokens, looked up by position.
  const HostMatrix source{random(rows * cols), DType::f32, rows, cols};
  FLETCHER_TRY_ASSIGN(const auto table, backend_.prepare_embedding(source));
  Batch batch;
  std::vector<int32_t> ids(rows);
  for (size_t i = 0; i < rows; ++i) ids[i] = static_cast<int32_t>(i);
  batch.append(ids, {});
  stream_->begin(batch);
  stream_->embed({.word = table.get()}, made.view);
  FLETCHER_TRY(stream_->finish());
  values_.pop_back();
  return made.view;
}

Result<void> OpRig::run(const PreparedOp& op) {
  stream_->begin(batch_);
  op.issue(*stream_);
  return stream_->finish();
}

std::string OpCase::rows() const {
  if (sequences.count == 1) return std::to_string(sequences.length);
  return std::to_string(sequences.count) + " x " + std::to_string(sequences.length);
}

std::vector<OpCase> op_cases(const LayerShape& shape, size_t cold_bytes) {
  std::vector<OpCase> cases;
  add_products(shape, cases);
  for (const size_t length : kLengths) cases.push_back(attention(shape, length));
  if (shape.post_norm) cases.push_back(norm(shape));
  cases.push_back(embed(shape));
  for (const size_t length : kLengths) cases.push_back(pool(shape, length));
  if (!shape.post_norm) return cases;  // its norm and its gate are not in the vocabulary
  for (const size_t rows : kColdRows) cases.push_back(cold_layer(shape, rows, cold_bytes));
  for (const Sequences& texts : kEncoderTexts) cases.push_back(encoder(shape, texts));
  return cases;
}

}  // namespace fletcher::cli
