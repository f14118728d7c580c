// What `fletcher bench --ops` measures: the ops of an encoder's layer at the sizes of well-known models.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backend/stream.h"

namespace fletcher::cli {

/// The sizes of one layer. `post_norm`: BERT's ops; without it only those that a gated pre-norm decoder shares.
struct LayerShape {
  std::string_view name;  // as --shape spells it
  size_t hidden_size = 0;
  size_t intermediate_size = 0;
  size_t num_attention_heads = 0;
  size_t num_key_value_heads = 0;
  size_t head_dim = 0;
  bool post_norm = true;

  size_t context_size() const { return num_attention_heads * head_dim; }
  size_t qkv_size() const { return (num_attention_heads + 2 * num_key_value_heads) * head_dim; }
};

inline constexpr std::array kLayerShapes = {LayerShape{"minilm", 384, 1536, 12, 12, 32},
                                            LayerShape{"bert-base", 768, 3072, 12, 12, 64},
                                            LayerShape{"bert-large", 1024, 4096, 16, 16, 64},  // and XLM-R large
                                            LayerShape{"qwen3-0.6b", 1024, 3072, 16, 8, 128, false}};

/// The sequences of a batch: `count` of `length` tokens each.
struct Sequences {
  size_t count = 1;
  size_t length = 1;
  size_t tokens() const { return count * length; }
};

/// What is left to do when everything is prepared.
struct PreparedOp {
  std::function<void(Stream&)> issue;  // the ops of one batch
  size_t weight_copies = 1;            // of which each batch reads the next
};

/// Makes what one case needs on a backend, of random values, and runs it. Not thread-safe.
class OpRig {
 public:
  OpRig(Backend& backend, Precision precision, const Sequences& sequences);

  size_t tokens() const { return batch_.num_tokens(); }
  Precision precision() const { return precision_; }
  /// Everything made is owned by the rig. Errors are those of the backend.
  Result<const Linear*> linear(size_t in_features, size_t out_features);
  Result<const Norm*> norm(size_t features);
  /// kVocabularySize rows.
  Result<const EmbeddingTable*> table(size_t features);
  /// [rows, cols]; random values if there is a row for each token, else whatever memory holds.
  Result<TensorView> activation(size_t rows, size_t cols);
  Result<TensorView> activation(size_t cols) { return activation(tokens(), cols); }

  /// Bytes that the prepared products occupy.
  size_t weight_bytes() const { return weight_bytes_; }
  /// One batch: begin, the op, finish.
  Result<void> run(const PreparedOp& op);

 private:
  std::span<const std::byte> random(size_t values);

  Backend& backend_;
  Precision precision_;
  std::unique_ptr<Stream> stream_;
  Batch batch_;
  size_t weight_bytes_ = 0;
  std::vector<std::vector<float>> values_;  // tables read theirs in place
  std::vector<std::unique_ptr<Linear>> linears_;
  std::vector<std::unique_ptr<Norm>> norms_;
  std::vector<std::unique_ptr<EmbeddingTable>> tables_;
  std::vector<std::unique_ptr<Buffer>> buffers_;
};

inline constexpr size_t kVocabularySize = 30'522;

/// One line of the table. Operations are useful ones, two for each weight and row and, of attention, four for each pair
/// of tokens and column; norms, lookups and pooling have none, they move bytes.
struct OpCase {
  std::string op;    // what --op looks in: "linear+gelu"
  std::string size;  // "384 > 1536", "12 heads of 32"
  Sequences sequences;
  double flops = 0;
  double attention_flops = 0;     // the part of `flops` that is attention
  double activation_bytes = 0;    // read and written, each once, as f32
  bool cold = false;              // weights come from memory, not from a cache
  bool precision_matters = true;  // false: without products, so the same in every precision
  /// Makes what the op needs in a fresh rig for `sequences`, which then has to outlive what is returned.
  std::function<Result<PreparedOp>(OpRig&)> prepare;

  /// "256" or "32 x 16": one sequence, or several of one length.
  std::string rows() const;
};

/// Every case of a shape, in the order of the table. `cold_bytes`: weights that no cache holds, several times the last
/// level.
std::vector<OpCase> op_cases(const LayerShape& shape, size_t cold_bytes);

}  // namespace fletcher::cli
