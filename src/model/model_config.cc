#include "model/model_config.h"

#include <array>
#include <utility>

namespace fletcher {
namespace {

using Named = std::pair<std::string_view, ActivationKind>;

constexpr std::array kHuggingFaceNames = {
    Named{"gelu", ActivationKind::gelu},           Named{"gelu_python", ActivationKind::gelu},
    Named{"gelu_new", ActivationKind::gelu_tanh},  Named{"gelu_pytorch_tanh", ActivationKind::gelu_tanh},
    Named{"gelu_fast", ActivationKind::gelu_tanh}, Named{"relu", ActivationKind::relu},
    Named{"silu", ActivationKind::silu},           Named{"swish", ActivationKind::silu},
    Named{"tanh", ActivationKind::tanh},           Named{"sigmoid", ActivationKind::sigmoid},
};

constexpr std::array kTorchNames = {
    Named{"Identity", ActivationKind::none}, Named{"Tanh", ActivationKind::tanh},
    Named{"ReLU", ActivationKind::relu},     Named{"GELU", ActivationKind::gelu},
    Named{"SiLU", ActivationKind::silu},     Named{"Sigmoid", ActivationKind::sigmoid},
};

template <size_t N>
Result<ActivationKind> look_up(const std::array<Named, N>& table, std::string_view name) {
  std::string known;
  for (const auto& [spelling, kind] : table) {
    if (spelling == name) return kind;
    known += (known.empty() ? "" : ", ") + std::string(spelling);
  }
  return unimplemented("activation \"" + std::string(name) + "\", wanted one of " + known);
}

}  // namespace

Result<ActivationKind> parse_activation(std::string_view name) { return look_up(kHuggingFaceNames, name); }

Result<ActivationKind> parse_torch_activation(std::string_view class_path) {
  return look_up(kTorchNames, class_path.substr(class_path.rfind('.') + 1));
}

Result<void> parse_labels(const Json& config, const std::string& activation_fn, ModelConfig& out) {
  if (const Json::Object* labels = config["id2label"].as_object(); labels != nullptr && !labels->empty()) {
    out.labels.assign(labels->size(), "");
    for (size_t i = 0; i < labels->size(); ++i) {
      FLETCHER_TRY_ASSIGN(out.labels[i], config["id2label"].required_string(std::to_string(i)));
    }
  } else {
    FLETCHER_TRY_ASSIGN(const uint64_t count, config.uint_or("num_labels", 2));  // transformers' default is two labels
    if (count == 0 || count > 100000) return invalid_argument("\"num_labels\": " + std::to_string(count));
    for (uint64_t i = 0; i < count; ++i) out.labels.push_back("LABEL_" + std::to_string(i));
  }
  out.score_activation = out.labels.size() == 1 ? ScoreActivation::sigmoid : ScoreActivation::softmax;
  std::string activation;
  FLETCHER_TRY_ASSIGN(activation, config.string_or("sbert_ce_default_activation_function", ""));
  FLETCHER_TRY_ASSIGN(activation, config["sentence_transformers"].string_or("activation_fn", activation));
  if (!activation_fn.empty()) activation = activation_fn;
  const std::string_view name = std::string_view(activation).substr(activation.rfind('.') + 1);
  if (name.empty()) return {};
  if (name == "Identity") {
    out.score_activation = ScoreActivation::identity;
  } else if (name == "Sigmoid") {
    out.score_activation = ScoreActivation::sigmoid;
  } else if (name == "Softmax") {
    out.score_activation = ScoreActivation::softmax;
  } else {
    return unimplemented("activation_fn \"" + activation + "\", wanted Identity, Sigmoid or Softmax");
  }
  return {};
}

}  // namespace fletcher
