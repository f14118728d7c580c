// A model folder loaded onto one backend.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "backend/backend.h"
#include "model/encoder_weights.h"
#include "model/heads.h"
#include "model/input_statistics.h"
#include "model/model_config.h"
#include "model/sentence_transformers.h"
#include "model/workspace.h"
#include "tensor/batch.h"
#include "weights/tensor_file.h"

namespace fletcher {

class Stream;
struct ModelEntry;

/// Token ids of a text, special ones included, and their types (empty: all 0).
struct CalibrationText {
  std::vector<int32_t> ids;
  std::vector<int32_t> type_ids;
};

struct ModelOptions {
  Precision precision = Precision::f32;  // of the encoder's products; heads are f32
  std::string pooling;                   // overrides the folder's; empty: as the folder says
  /// int8: texts whose activations say how inputs are smoothed. Without any, inputs are quantised as they are.
  std::span<const CalibrationText> calibration = {};
};

/// Configuration, prepared weights and head. Immutable after load, thread-safe; the backend must outlive it.
class Model {
 public:
  /// `folder`: Hugging Face or sentence-transformers layout. Errors name the file and the field or tensor.
  static Result<std::unique_ptr<Model>> load(const std::string& folder, Backend& backend, const ModelOptions& options);

  const ModelConfig& config() const { return config_; }
  const SentencePipeline& pipeline() const { return pipeline_; }
  /// A classifier's result is its logits, another model's the vector.
  bool is_classifier() const { return !config_.labels.empty(); }
  /// Columns of the result of one sequence.
  size_t out_features() const { return out_features_; }
  /// Tokens a sequence may have: max_seq_length, else the tokenizer's model_max_length, at most the position table.
  size_t max_length() const { return max_length_; }
  uint64_t parameters() const { return parameters_; }
  uint64_t prepared_bytes() const { return prepared_bytes_; }
  DType stored_dtype() const { return stored_dtype_; }
  /// Operations that the linear layers do for one token.
  double flops_per_token() const { return flops_per_token_; }
  /// Operations that attention does for one token and one token it attends to.
  double flops_per_token_pair() const {
    return 4.0 * static_cast<double>(config_.hidden_size) * static_cast<double>(config_.num_hidden_layers);
  }

  /// Buffers for a batch of so many tokens and sequences. RESOURCE_EXHAUSTED if the device has no room.
  Result<Workspace> make_workspace(Backend& backend, size_t tokens, size_t sequences) const;

  /// Runs the batch and waits. out [sequences, out_features]. The batch fits the workspace; its ids are below
  /// vocab_size.
  Result<void> forward(const Batch& batch, Stream& stream, const Workspace& workspace, std::span<float> out) const;
  /// The last hidden state instead: out [tokens, hidden_size].
  Result<void> hidden_states(const Batch& batch, Stream& stream, const Workspace& workspace,
                             std::span<float> out) const;

 private:
  Model() = default;
  Result<void> load_weights(Backend& backend, const ModelOptions& options);
  /// Runs the calibration texts in f32: the statistics of every product's input, in the order of loading.
  Result<std::vector<InputStatistics>> observe_inputs(const ModelEntry& entry, Backend& backend,
                                                      std::span<const CalibrationText> texts) const;
  Result<void> load_post_modules(Backend& backend);

  ModelConfig config_;
  SentencePipeline pipeline_;
  std::unique_ptr<TensorFile> file_;  // tables may read it
  EncoderWeights weights_;
  Head head_;
  size_t out_features_ = 0;
  size_t max_length_ = 0;
  uint64_t parameters_ = 0;
  uint64_t prepared_bytes_ = 0;
  DType stored_dtype_ = DType::f32;
  double flops_per_token_ = 0;
};

}  // namespace fletcher
