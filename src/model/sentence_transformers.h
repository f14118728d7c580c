// The rules of a sentence-transformers folder: modules.json and the files it points to.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "backend/stream.h"
#include "base/result.h"

namespace fletcher {

/// A module that comes after pooling.
struct PostModule {
  enum class Kind : uint8_t { dense, layer_norm, normalize };
  Kind kind;
  std::string folder;  // holds its weights; empty for normalize
  size_t in_features = 0;
  size_t out_features = 0;
  bool bias = true;
  ActivationKind act = ActivationKind::none;
};

/// What surrounds the transformer. Without a modules.json: mean pooling and nothing else, as sentence-transformers
/// does.
struct SentencePipeline {
  std::string transformer_folder;    // holds config.json, tokenizer and weights
  std::vector<PoolingMode> pooling;  // concatenated in this order
  bool include_prompt = true;        // false: the prompt's tokens are left out of the pooling
  std::vector<PostModule> modules;   // without a final Normalize, which is `normalize`
  bool normalize = false;
  bool do_lower_case = false;
  std::optional<size_t> max_seq_length;
  std::map<std::string, std::string> prompts;
  std::string default_prompt_name;
  bool has_modules_json = false;
  bool has_pooling_module = false;
  std::string activation_fn;  // of a cross-encoder, as config_sentence_transformers.json names it
};

/// Reads modules.json, N_Pooling/config.json, N_Dense/config.json, sentence_bert_config.json and
/// config_sentence_transformers.json of `folder`. UNIMPLEMENTED naming a module that is not known; INVALID_ARGUMENT or
/// DATA_LOSS naming file and field.
Result<SentencePipeline> read_sentence_pipeline(const std::string& folder);

/// "mean", "cls", "max", "mean_sqrt_len", "weightedmean", "lasttoken", as in 1_Pooling/config.json.
Result<PoolingMode> parse_pooling_mode(std::string_view name);
std::string_view pooling_mode_name(PoolingMode mode);

}  // namespace fletcher
