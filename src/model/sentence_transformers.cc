#include "model/sentence_transformers.h"

#include <sys/stat.h>

#include <array>
#include <utility>

#include "base/json.h"
#include "model/model_config.h"

namespace fletcher {
namespace {

/// In the order in which sentence-transformers concatenates them (models/Pooling.py).
constexpr std::array<std::pair<std::string_view, PoolingMode>, 6> kPoolingFlags = {{
    {"pooling_mode_cls_token", PoolingMode::cls},
    {"pooling_mode_max_tokens", PoolingMode::max},
    {"pooling_mode_mean_tokens", PoolingMode::mean},
    {"pooling_mode_mean_sqrt_len_tokens", PoolingMode::mean_sqrt_len},
    {"pooling_mode_weightedmean_tokens", PoolingMode::weighted_mean},
    {"pooling_mode_lasttoken", PoolingMode::last_token},
}};

constexpr std::array<std::pair<std::string_view, PoolingMode>, 7> kPoolingNames = {{
    {"cls", PoolingMode::cls},
    {"max", PoolingMode::max},
    {"mean", PoolingMode::mean},
    {"mean_sqrt_len", PoolingMode::mean_sqrt_len},
    {"mean_sqrt_len_tokens", PoolingMode::mean_sqrt_len},
    {"weightedmean", PoolingMode::weighted_mean},
    {"lasttoken", PoolingMode::last_token},
}};

/// The names under which releases of sentence-transformers have saved max_seq_length.
constexpr std::array<std::string_view, 7> kTransformerConfigs = {
    "sentence_bert_config.json",      "sentence_roberta_config.json", "sentence_distilbert_config.json",
    "sentence_camembert_config.json", "sentence_albert_config.json",  "sentence_xlm-roberta_config.json",
    "sentence_xlnet_config.json"};

bool exists(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0;
}

template <typename T>
Result<T> in_file(Result<T> result, const std::string& path) {
  if (!result) return with_context(std::move(result).error(), path);
  return result;
}

Result<void> read_pooling(const std::string& folder, SentencePipeline& out) {
  const std::string path = folder + "/config.json";
  FLETCHER_TRY_ASSIGN(const Json config, Json::load(path));
  for (const auto& [flag, mode] : kPoolingFlags) {
    FLETCHER_TRY_ASSIGN(const bool on, in_file(config.bool_or(flag, false), path));
    if (on) out.pooling.push_back(mode);
  }
  // Newer releases write one name, or an array of them in the order of the concatenation.
  const Json& modes = config["pooling_mode"];
  if (out.pooling.empty() && !modes.is_null()) {
    const Json::Array names = modes.as_array() != nullptr ? *modes.as_array() : Json::Array{modes};
    for (const Json& name : names) {
      if (name.as_string() == nullptr) {
        return invalid_argument(path + ": \"pooling_mode\": " + modes.describe() +
                                ", wanted a name or an array of names");
      }
      FLETCHER_TRY_ASSIGN(const PoolingMode mode, in_file(parse_pooling_mode(*name.as_string()), path));
      out.pooling.push_back(mode);
    }
  }
  if (out.pooling.empty()) return invalid_argument(path + ": no pooling mode is true");
  FLETCHER_TRY_ASSIGN(out.include_prompt, in_file(config.bool_or("include_prompt", true), path));
  return {};
}

Result<PostModule> read_dense(const std::string& folder) {
  const std::string path = folder + "/config.json";
  FLETCHER_TRY_ASSIGN(const Json config, Json::load(path));
  PostModule module{PostModule::Kind::dense, folder};
  FLETCHER_TRY_ASSIGN(module.in_features, in_file(config.required_uint("in_features"), path));
  FLETCHER_TRY_ASSIGN(module.out_features, in_file(config.required_uint("out_features"), path));
  FLETCHER_TRY_ASSIGN(module.bias, in_file(config.bool_or("bias", true), path));
  FLETCHER_TRY_ASSIGN(const std::string act,
                      in_file(config.string_or("activation_function", "torch.nn.modules.activation.Tanh"), path));
  FLETCHER_TRY_ASSIGN(module.act, in_file(parse_torch_activation(act), path));
  return module;
}

Result<PostModule> read_layer_norm(const std::string& folder) {
  const std::string path = folder + "/config.json";
  FLETCHER_TRY_ASSIGN(const Json config, Json::load(path));
  PostModule module{PostModule::Kind::layer_norm, folder};
  FLETCHER_TRY_ASSIGN(module.in_features, in_file(config.required_uint("dimension"), path));
  module.out_features = module.in_features;
  return module;
}

Result<void> read_modules(const std::string& folder, SentencePipeline& out) {
  const std::string path = folder + "/modules.json";
  FLETCHER_TRY_ASSIGN(const Json root, Json::load(path));
  if (root.as_array() == nullptr) return data_loss(path + ": " + root.describe() + ", wanted an array of modules");
  bool transformer = false;
  for (const Json& module : *root.as_array()) {
    FLETCHER_TRY_ASSIGN(const std::string type, in_file(module.required_string("type"), path));
    FLETCHER_TRY_ASSIGN(const std::string sub, in_file(module.string_or("path", ""), path));
    if (sub.find("..") != std::string::npos || sub.starts_with('/')) {
      return invalid_argument(path + ": path \"" + sub + "\" leaves the model folder");
    }
    const std::string module_folder = sub.empty() ? folder : folder + "/" + sub;
    const std::string name = type.substr(type.rfind('.') + 1);
    if (!type.starts_with("sentence_transformers.")) {
      return unimplemented(path + ": module type \"" + type + "\" is custom code, wanted sentence_transformers' own");
    }
    if (name == "Transformer") {
      out.transformer_folder = module_folder;
      transformer = true;
    } else if (name == "Pooling") {
      FLETCHER_TRY(read_pooling(module_folder, out));
    } else if (name == "Dense") {
      FLETCHER_TRY_ASSIGN(PostModule dense, read_dense(module_folder));
      out.modules.push_back(std::move(dense));
    } else if (name == "LayerNorm") {
      FLETCHER_TRY_ASSIGN(PostModule norm, read_layer_norm(module_folder));
      out.modules.push_back(std::move(norm));
    } else if (name == "Normalize") {
      out.modules.push_back({PostModule::Kind::normalize, ""});
    } else if (name != "Dropout") {  // Dropout does nothing at inference
      return unimplemented(path + ": module \"" + type +
                           "\", wanted Transformer, Pooling, Dense, LayerNorm or Normalize");
    }
  }
  if (!transformer) return invalid_argument(path + ": no Transformer module");
  out.has_pooling_module = !out.pooling.empty();  // a cross-encoder has none
  if (!out.modules.empty() && out.modules.back().kind == PostModule::Kind::normalize) {
    out.modules.pop_back();
    out.normalize = true;
  }
  return {};
}

Result<void> read_transformer_config(SentencePipeline& out) {
  for (const std::string_view name : kTransformerConfigs) {
    const std::string path = out.transformer_folder + "/" + std::string(name);
    if (!exists(path)) continue;
    FLETCHER_TRY_ASSIGN(const Json config, Json::load(path));
    FLETCHER_TRY_ASSIGN(out.do_lower_case, in_file(config.bool_or("do_lower_case", false), path));
    if (config["max_seq_length"].is_null()) return {};
    FLETCHER_TRY_ASSIGN(out.max_seq_length, in_file(config.required_uint("max_seq_length"), path));
    if (*out.max_seq_length == 0) return invalid_argument(path + ": \"max_seq_length\": 0, wanted at least 1");
    return {};
  }
  return {};
}

Result<void> read_prompts(const std::string& folder, SentencePipeline& out) {
  const std::string path = folder + "/config_sentence_transformers.json";
  if (!exists(path)) return {};
  FLETCHER_TRY_ASSIGN(const Json config, Json::load(path));
  if (const Json::Object* prompts = config["prompts"].as_object()) {
    for (const auto& [name, text] : *prompts) {
      FLETCHER_TRY_ASSIGN(out.prompts[name], in_file(config["prompts"].string_or(name, ""), path));
    }
  }
  FLETCHER_TRY_ASSIGN(out.activation_fn, in_file(config.string_or("activation_fn", ""), path));
  FLETCHER_TRY_ASSIGN(out.default_prompt_name, in_file(config.string_or("default_prompt_name", ""), path));
  if (!out.default_prompt_name.empty() && !out.prompts.contains(out.default_prompt_name)) {
    return invalid_argument(path + ": \"default_prompt_name\": \"" + out.default_prompt_name +
                            "\" is none of the prompts");
  }
  return {};
}

}  // namespace

Result<PoolingMode> parse_pooling_mode(std::string_view name) {
  for (const auto& [spelling, mode] : kPoolingNames) {
    if (spelling == name) return mode;
  }
  return invalid_argument("pooling \"" + std::string(name) +
                          "\", wanted cls, mean, max, mean_sqrt_len, weightedmean or lasttoken");
}

std::string_view pooling_mode_name(PoolingMode mode) {
  for (const auto& [spelling, kind] : kPoolingNames) {
    if (kind == mode) return spelling;
  }
  return "";
}

Result<SentencePipeline> read_sentence_pipeline(const std::string& folder) {
  SentencePipeline pipeline;
  pipeline.transformer_folder = folder;
  pipeline.has_modules_json = exists(folder + "/modules.json");
  if (pipeline.has_modules_json) {
    FLETCHER_TRY(read_modules(folder, pipeline));
  } else {
    pipeline.pooling = {PoolingMode::mean};
  }
  FLETCHER_TRY(read_transformer_config(pipeline));
  FLETCHER_TRY(read_prompts(folder, pipeline));
  return pipeline;
}

}  // namespace fletcher
