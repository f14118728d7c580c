// The facts of a config.json that the forward pass needs, under Hugging Face's names. No behaviour.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "backend/stream.h"
#include "base/json.h"
#include "base/result.h"

namespace fletcher {

/// What turns a classifier's logits into the scores its authors mean.
enum class ScoreActivation : uint8_t { identity, sigmoid, softmax };

struct ModelConfig {
  std::string architecture;  // "BertModel", …
  size_t vocab_size = 0;
  size_t hidden_size = 0;
  size_t num_hidden_layers = 0;
  size_t num_attention_heads = 0;
  size_t intermediate_size = 0;
  size_t max_position_embeddings = 0;
  size_t type_vocab_size = 0;
  ActivationKind hidden_act = ActivationKind::gelu;
  float layer_norm_eps = 1e-12f;
  std::vector<std::string> labels;  // of a classifier, by id
  ScoreActivation score_activation = ScoreActivation::sigmoid;

  size_t head_dim() const { return hidden_size / num_attention_heads; }
};

/// Hugging Face's ACT2FN names. UNIMPLEMENTED for one that is not known here.
Result<ActivationKind> parse_activation(std::string_view name);
/// The last part of a torch class path, such as "torch.nn.modules.activation.Tanh", as an activation.
Result<ActivationKind> parse_torch_activation(std::string_view class_path);

/// `id2label` (or `num_labels`) and the activation: the class that sentence-transformers' CrossEncoder saved
/// (`activation_fn` of its own file, else what config.json says), else sigmoid for one label and softmax for several.
Result<void> parse_labels(const Json& config, const std::string& activation_fn, ModelConfig& out);

}  // namespace fletcher
