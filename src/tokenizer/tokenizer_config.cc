#include "tokenizer/tokenizer_config.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace fletcher {
namespace {

constexpr std::array<std::string_view, 7> kBertClasses = {"",
                                                          "BertTokenizer",
                                                          "DistilBertTokenizer",
                                                          "ElectraTokenizer",
                                                          "MobileBertTokenizer",
                                                          "SqueezeBertTokenizer",
                                                          "LayoutLMTokenizer"};

Result<TruncationSide> read_truncation_side(const Json& json) {
  FLETCHER_TRY_ASSIGN(const std::string side, json.string_or("truncation_side", "right"));
  if (side == "right") return TruncationSide::right;
  if (side == "left") return TruncationSide::left;
  return invalid_argument("\"truncation_side\": \"" + side + "\", wanted right or left");
}

}  // namespace

Result<TokenizerConfig> TokenizerConfig::load(const std::string& folder) {
  TokenizerConfig config;
  const std::string path = folder + "/tokenizer_config.json";
  if (struct stat status{}; ::stat(path.c_str(), &status) != 0) return config;
  config.path = path;
  FLETCHER_TRY_ASSIGN(config.json, Json::load(path));
  auto name = config.json.string_or("tokenizer_class", "");
  if (!name) return with_context(std::move(name).error(), path);
  config.tokenizer_class = std::move(*name);
  if (config.tokenizer_class.ends_with("Fast")) config.tokenizer_class.resize(config.tokenizer_class.size() - 4);
  const auto side = read_truncation_side(config.json);
  if (!side) return with_context(side.error(), path);
  config.truncation_side = *side;
  return config;
}

bool TokenizerConfig::builds_bert_normalizer() const {
  return std::ranges::find(kBertClasses, tokenizer_class) != kBertClasses.end();
}

Result<BertNormalizer::Switches> TokenizerConfig::bert_switches() const {
  BertNormalizer::Switches switches;
  FLETCHER_TRY_ASSIGN(switches.lowercase, json.bool_or("do_lower_case", true));
  FLETCHER_TRY_ASSIGN(switches.strip_accents, json.bool_or("strip_accents", switches.lowercase));
  FLETCHER_TRY_ASSIGN(switches.handle_chinese_chars, json.bool_or("tokenize_chinese_chars", true));
  return switches;
}

}  // namespace fletcher
