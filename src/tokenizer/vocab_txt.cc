// vocab.txt and tokenizer_config.json: what BERT models came with before tokenizer.json.

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "base/utf8.h"
#include "tokenizer/tokenizer_parts.h"

namespace fletcher {
namespace {

/// A special token's spelling: a string, or an object with "content".
Result<std::string> special_token(const Json& config, const char* key, const char* fallback) {
  if (config[key].as_object() != nullptr) return config[key].required_string("content");
  return config.string_or(key, fallback);
}

Result<Vocabulary> read_vocabulary(const std::string& path) {
  FLETCHER_TRY_ASSIGN(const std::string content, read_file(path));
  Vocabulary vocabulary;
  for (size_t begin = 0; begin < content.size();) {
    const size_t end = std::min(content.find('\n', begin), content.size());
    std::string_view line(content.data() + begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!is_valid_utf8(line)) {
      return data_loss(path + ":" + std::to_string(vocabulary.size() + 1) + ": not valid UTF-8");
    }
    vocabulary.emplace_back(std::string(line), static_cast<int32_t>(vocabulary.size()));
    begin = end + 1;
  }
  if (vocabulary.empty()) return data_loss(path + ": empty, wanted a token a line");
  return vocabulary;
}

}  // namespace

Result<std::unique_ptr<Tokenizer::Parts>> load_vocab_txt(const std::string& path) {
  FLETCHER_TRY_ASSIGN(const Vocabulary vocabulary, read_vocabulary(path));
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash);
  Json config;
  if (struct stat status{}; ::stat((folder + "/tokenizer_config.json").c_str(), &status) == 0) {
    FLETCHER_TRY_ASSIGN(config, Json::load(folder + "/tokenizer_config.json"));
  }
  BertNormalizer::Switches switches;
  FLETCHER_TRY_ASSIGN(switches.lowercase, config.bool_or("do_lower_case", true));
  FLETCHER_TRY_ASSIGN(switches.strip_accents, config.bool_or("strip_accents", switches.lowercase));
  FLETCHER_TRY_ASSIGN(switches.handle_chinese_chars, config.bool_or("tokenize_chinese_chars", true));

  auto parts = std::make_unique<Tokenizer::Parts>();
  parts->normalizer = std::make_unique<BertNormalizer>(switches);
  parts->pre_tokenizer = std::make_unique<BertPreTokenizer>();
  constexpr std::array<std::pair<const char*, const char*>, 5> kSpecialTokens = {{{"unk_token", "[UNK]"},
                                                                                  {"sep_token", "[SEP]"},
                                                                                  {"pad_token", "[PAD]"},
                                                                                  {"cls_token", "[CLS]"},
                                                                                  {"mask_token", "[MASK]"}}};
  std::vector<AddedToken> added;
  int32_t cls = -1, sep = -1;
  WordPiece::Options options;
  for (const auto& [key, fallback] : kSpecialTokens) {
    auto token = special_token(config, key, fallback);
    if (!token) return with_context(std::move(token).error(), folder + "/tokenizer_config.json");
    const auto entry = std::ranges::find(vocabulary, *token, &Vocabulary::value_type::first);
    const std::string_view name = key;
    if (name == "unk_token") options.unk_token = *token;
    if (entry == vocabulary.end()) {
      if (name == "cls_token" || name == "sep_token") {
        return invalid_argument(path + ": no \"" + *token + "\", the " + std::string(name));
      }
      continue;
    }
    if (name == "cls_token") cls = entry->second;
    if (name == "sep_token") sep = entry->second;
    added.push_back({.id = entry->second, .content = *token, .special = true});
  }
  auto model = WordPiece::create(vocabulary, options);
  if (!model) return with_context(std::move(model).error(), path);
  parts->model = std::move(*model);
  parts->post_processor = PostProcessor::bert(cls, sep);
  if (auto set = parts->set_tokens(vocabulary, std::move(added)); !set)
    return with_context(std::move(set).error(), path);
  return parts;
}

}  // namespace fletcher
