// vocab.txt and tokenizer_config.json: what BERT models came with before tokenizer.json.

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "base/utf8.h"
#include "tokenizer/tokenizer_config.h"
#include "tokenizer/tokenizer_parts.h"
#include "tokenizer/unicode.h"

namespace fletcher {
namespace {

struct SpecialTokens {
  AddedToken unk, sep, pad, cls, mask;
};

/// The line without the whitespace at its end, as Rust's trim_end takes it off.
std::string_view trim_end(std::string_view line) {
  while (!line.empty()) {
    size_t last = line.size() - 1;
    while (last > 0 && (static_cast<unsigned char>(line[last]) & 0xC0) == 0x80) --last;
    if (!(unicode::properties(decode_utf8(line, last).code_point) & unicode::kWhitespace)) break;
    line = line.substr(0, last);
  }
  return line;
}

Result<Vocabulary> read_vocabulary(const std::string& path) {
  FLETCHER_TRY_ASSIGN(const std::string content, read_file(path));
  Vocabulary vocabulary;
  for (size_t begin = 0; begin < content.size();) {
    const size_t end = std::min(content.find('\n', begin), content.size());
    const std::string_view line(content.data() + begin, end - begin);
    if (!is_valid_utf8(line)) {
      return data_loss(path + ":" + std::to_string(vocabulary.size() + 1) + ": not valid UTF-8");
    }
    vocabulary.emplace_back(std::string(trim_end(line)), static_cast<int32_t>(vocabulary.size()));
    begin = end + 1;
  }
  if (vocabulary.empty()) return data_loss(path + ": empty, wanted a token a line");
  return vocabulary;
}

/// Classes of transformers that make the same of a vocab.txt. Others (MPNet, BertJapanese, …) need another pipeline.
Result<void> check_class(const TokenizerConfig& config) {
  const std::string& name = config.tokenizer_class;
  for (const char* other : {"PreTrainedTokenizer", "TokenizersBackend", "ConvBertTokenizer"}) {
    if (name == other) return {};
  }
  if (config.builds_bert_normalizer()) return {};
  return unimplemented("\"tokenizer_class\": \"" + name + "\" with a vocab.txt is not supported, wanted BertTokenizer");
}

/// A special token: its spelling, or an object as in tokenizer.json.
Result<AddedToken> special_token(const Json& config, const char* key, const char* fallback) {
  AddedToken token;
  if (config[key].as_object() != nullptr) {
    FLETCHER_TRY_ASSIGN(token, read_added_token(config[key]));
    FLETCHER_TRY_ASSIGN(token.normalized, config[key].bool_or("normalized", false));
  } else {
    FLETCHER_TRY_ASSIGN(token.content, config.string_or(key, fallback));
  }
  token.special = true;
  return token;
}

Result<SpecialTokens> read_special_tokens(const Json& config) {
  SpecialTokens tokens;
  FLETCHER_TRY_ASSIGN(tokens.unk, special_token(config, "unk_token", "[UNK]"));
  FLETCHER_TRY_ASSIGN(tokens.sep, special_token(config, "sep_token", "[SEP]"));
  FLETCHER_TRY_ASSIGN(tokens.pad, special_token(config, "pad_token", "[PAD]"));
  FLETCHER_TRY_ASSIGN(tokens.cls, special_token(config, "cls_token", "[CLS]"));
  FLETCHER_TRY_ASSIGN(tokens.mask, special_token(config, "mask_token", "[MASK]"));
  return tokens;
}

/// transformers' `added_tokens_decoder`: id to token, in ascending order of the ids.
Result<std::vector<AddedToken>> read_decoder(const Json& config) {
  std::vector<AddedToken> tokens;
  const Json& decoder = config["added_tokens_decoder"];
  if (decoder.is_null()) return tokens;
  if (decoder.as_object() == nullptr) {
    return invalid_argument("\"added_tokens_decoder\": " + decoder.describe() + ", wanted an object");
  }
  for (const auto& [key, json] : *decoder.as_object()) {
    const std::string place = "added_tokens_decoder: \"" + key + "\"";
    auto token = read_added_token(json);
    if (!token) return with_context(std::move(token).error(), place);
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), token->id);
    if (error != std::errc() || end != key.data() + key.size()) return invalid_argument(place + ", wanted an id");
    tokens.push_back(std::move(*token));
  }
  std::ranges::sort(tokens, {}, &AddedToken::id);
  return tokens;
}

/// Where the token is in the vocabulary; -1 if it is not. The last place counts.
int32_t find_id(const Vocabulary& vocabulary, const std::string& token) {
  const auto entry = std::ranges::find(vocabulary.rbegin(), vocabulary.rend(), token, &Vocabulary::value_type::first);
  return entry != vocabulary.rend() ? entry->second : -1;
}

/// Puts the parts together; errors name fields or tokens.
Result<std::unique_ptr<Tokenizer::Parts>> build(const Vocabulary& vocabulary, const TokenizerConfig& config) {
  auto parts = std::make_unique<Tokenizer::Parts>();
  FLETCHER_TRY(check_class(config));
  FLETCHER_TRY_ASSIGN(const BertNormalizer::Switches switches, config.bert_switches());
  parts->normalizer = std::make_unique<BertNormalizer>(switches);
  parts->pre_tokenizer = std::make_unique<BertPreTokenizer>();
  FLETCHER_TRY_ASSIGN(SpecialTokens special, read_special_tokens(config.json));
  FLETCHER_TRY_ASSIGN(parts->model, WordPiece::create(vocabulary, {.unk_token = special.unk.content}));
  FLETCHER_TRY_ASSIGN(std::vector<AddedToken> added, read_decoder(config.json));
  for (AddedToken* token : {&special.unk, &special.sep, &special.pad, &special.cls, &special.mask}) {
    token->id = find_id(vocabulary, token->content);
    // One that the vocabulary lacks would get an id past the model's embeddings: it stays plain text.
    if (token->id < 0 || std::ranges::find(added, token->content, &AddedToken::content) != added.end()) continue;
    added.push_back(*token);
  }
  if (special.cls.id < 0) return invalid_argument("no \"" + special.cls.content + "\", the cls_token");
  if (special.sep.id < 0) return invalid_argument("no \"" + special.sep.content + "\", the sep_token");
  parts->post_processor = PostProcessor::bert(special.cls.id, special.sep.id);
  FLETCHER_TRY(parts->set_tokens(vocabulary, std::move(added)));
  return parts;
}

}  // namespace

Result<std::unique_ptr<Tokenizer::Parts>> load_vocab_txt(const std::string& path, const TokenizerConfig& config) {
  FLETCHER_TRY_ASSIGN(const Vocabulary vocabulary, read_vocabulary(path));
  auto parts = build(vocabulary, config);
  if (!parts) {
    return with_context(std::move(parts).error(), config.path.empty() ? path : path + " with " + config.path);
  }
  return parts;
}

}  // namespace fletcher
