// The reader of tokenizer.json: closed tables of the component types that are known; any other is an error that names
// it.

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/json.h"
#include "base/json_writer.h"
#include "tokenizer/tokenizer_parts.h"

namespace fletcher {
namespace {

template <typename T>
struct ComponentReader {
  std::string_view type;
  Result<T> (*read)(const Json& component);
};

template <typename T, size_t N>
Result<T> read_component(const std::array<ComponentReader<T>, N>& readers, const Json& component,
                         std::string_view field) {
  auto type = component.required_string("type");
  if (!type) return with_context(std::move(type).error(), field);
  std::string known;
  for (const auto& reader : readers) {
    if (reader.type != *type) {
      known += (known.empty() ? "" : ", ") + std::string(reader.type);
      continue;
    }
    auto read = reader.read(component);
    if (!read) return with_context(std::move(read).error(), field);
    return read;
  }
  return unimplemented(std::string(field) + ": type \"" + *type + "\" is not supported, wanted " + known);
}

Result<std::unique_ptr<Normalizer>> read_bert_normalizer(const Json& json) {
  BertNormalizer::Switches switches;
  FLETCHER_TRY_ASSIGN(switches.clean_text, json.bool_or("clean_text", true));
  FLETCHER_TRY_ASSIGN(switches.handle_chinese_chars, json.bool_or("handle_chinese_chars", true));
  FLETCHER_TRY_ASSIGN(switches.lowercase, json.bool_or("lowercase", true));
  FLETCHER_TRY_ASSIGN(switches.strip_accents, json.bool_or("strip_accents", switches.lowercase));
  return std::make_unique<BertNormalizer>(switches);
}

Result<std::unique_ptr<PreTokenizer>> read_bert_pre_tokenizer(const Json&) {
  return std::make_unique<BertPreTokenizer>();
}

constexpr std::array kNormalizers = {
    ComponentReader<std::unique_ptr<Normalizer>>{"BertNormalizer", read_bert_normalizer},
};
constexpr std::array kPreTokenizers = {
    ComponentReader<std::unique_ptr<PreTokenizer>>{"BertPreTokenizer", read_bert_pre_tokenizer},
};

Result<int32_t> as_id(const Json& json, std::string_view what) {
  const double* number = json.as_number();
  if (number == nullptr || *number < 0 || *number > 0x7FFFFFFF || *number != static_cast<int32_t>(*number)) {
    return invalid_argument(std::string(what) + ": " + json.describe() + ", wanted an id from 0 to 2^31-1");
  }
  return static_cast<int32_t>(*number);
}

Result<int32_t> read_id(const Json& json, std::string_view key) { return as_id(json[key], key); }

Result<PostProcessor::Slot> read_slot(const Json& piece, const Json& special_tokens) {
  using Slot = PostProcessor::Slot;
  Slot slot;
  if (const Json& special = piece["SpecialToken"]; special.as_object() != nullptr) {
    slot.kind = Slot::Kind::special;
    FLETCHER_TRY_ASSIGN(slot.type_id, read_id(special, "type_id"));
    FLETCHER_TRY_ASSIGN(const std::string name, special.required_string("id"));
    const Json::Array* ids = special_tokens[name]["ids"].as_array();
    if (ids == nullptr) return invalid_argument("special token \"" + name + "\" is not among special_tokens");
    for (const Json& id : *ids) {
      FLETCHER_TRY_ASSIGN(const int32_t value, as_id(id, "special token \"" + name + "\""));
      slot.ids.push_back(value);
    }
    return slot;
  }
  const Json& sequence = piece["Sequence"];
  if (sequence.as_object() == nullptr) {
    return invalid_argument(piece.describe() + ", wanted {\"SpecialToken\":{…}} or {\"Sequence\":{…}}");
  }
  FLETCHER_TRY_ASSIGN(slot.type_id, read_id(sequence, "type_id"));
  FLETCHER_TRY_ASSIGN(const std::string which, sequence.required_string("id"));
  if (which != "A" && which != "B") return invalid_argument("Sequence \"" + which + "\", wanted A or B");
  slot.kind = which == "A" ? Slot::Kind::first : Slot::Kind::second;
  return slot;
}

Result<PostProcessor::Template> read_template(const Json& json, const char* key) {
  const Json::Array* pieces = json[key].as_array();
  if (pieces == nullptr) {
    return invalid_argument("\"" + std::string(key) + "\": " + json[key].describe() + ", wanted an array");
  }
  PostProcessor::Template slots;
  for (const Json& piece : *pieces) {
    auto slot = read_slot(piece, json["special_tokens"]);
    if (!slot) return with_context(std::move(slot).error(), key);
    slots.push_back(std::move(*slot));
  }
  return slots;
}

Result<PostProcessor> read_template_processing(const Json& json) {
  FLETCHER_TRY_ASSIGN(PostProcessor::Template single, read_template(json, "single"));
  FLETCHER_TRY_ASSIGN(PostProcessor::Template pair, read_template(json, "pair"));
  using Kind = PostProcessor::Slot::Kind;
  const auto count = [](const PostProcessor::Template& slots, Kind kind) {
    return std::ranges::count(slots, kind, &PostProcessor::Slot::kind);
  };
  if (count(single, Kind::first) != 1 || count(single, Kind::second) != 0) {
    return invalid_argument("\"single\": wanted Sequence A once and no Sequence B");
  }
  if (count(pair, Kind::first) > 1 || count(pair, Kind::second) > 1) {
    return invalid_argument("\"pair\": wanted Sequence A and Sequence B once each");
  }
  return PostProcessor(std::move(single), std::move(pair));
}

Result<int32_t> read_token_and_id(const Json& json, const char* key) {
  const Json::Array* pair = json[key].as_array();
  if (pair == nullptr || pair->size() != 2 || (*pair)[0].as_string() == nullptr) {
    return invalid_argument("\"" + std::string(key) + "\": " + json[key].describe() + ", wanted [token, id]");
  }
  return as_id((*pair)[1], key);
}

Result<PostProcessor> read_bert_processing(const Json& json) {
  FLETCHER_TRY_ASSIGN(const int32_t cls, read_token_and_id(json, "cls"));
  FLETCHER_TRY_ASSIGN(const int32_t sep, read_token_and_id(json, "sep"));
  return PostProcessor::bert(cls, sep);
}

constexpr std::array kPostProcessors = {
    ComponentReader<PostProcessor>{"TemplateProcessing", read_template_processing},
    ComponentReader<PostProcessor>{"BertProcessing", read_bert_processing},
};

Result<std::vector<AddedToken>> read_added_tokens(const Json& root) {
  std::vector<AddedToken> tokens;
  const Json& list = root["added_tokens"];
  if (list.is_null()) return tokens;
  if (list.as_array() == nullptr) return invalid_argument("\"added_tokens\": " + list.describe() + ", wanted an array");
  for (const Json& json : *list.as_array()) {
    auto token = read_added_token(json);
    const std::string place = "added_tokens[" + std::to_string(tokens.size()) + "]";
    if (!token) return with_context(std::move(token).error(), place);
    auto id = read_id(json, "id");
    if (!id) return with_context(std::move(id).error(), place);
    token->id = *id;
    tokens.push_back(std::move(*token));
  }
  return tokens;
}

/// Refuses a member that is there and not one of `allowed`.
Result<void> check_name(const Json& json, std::string_view key, std::initializer_list<std::string_view> allowed) {
  const std::string* value = json[key].as_string();
  if (json[key].is_null() || (value != nullptr && std::ranges::find(allowed, *value) != allowed.end())) return {};
  std::string wanted;
  for (const std::string_view name : allowed) wanted += (wanted.empty() ? "" : " or ") + std::string(name);
  return invalid_argument("\"" + std::string(key) + "\": " + json[key].describe() + ", wanted " + wanted);
}

/// The file's own truncation is checked but not obeyed: the model's configuration decides.
Result<void> check_truncation(const Json& json) {
  FLETCHER_TRY(json.uint_or("max_length", 0));
  FLETCHER_TRY(json.uint_or("stride", 0));
  FLETCHER_TRY(check_name(json, "strategy", {"LongestFirst", "OnlyFirst", "OnlySecond"}));
  return check_name(json, "direction", {"Left", "Right"});
}

/// As check_truncation: batches are packed, never padded.
Result<void> check_padding(const Json& json) {
  if (const Json& strategy = json["strategy"]; strategy.as_object() != nullptr) {
    FLETCHER_TRY(strategy.required_uint("Fixed"));
  } else {
    FLETCHER_TRY(check_name(json, "strategy", {"BatchLongest"}));
  }
  FLETCHER_TRY(json.uint_or("pad_id", 0));
  FLETCHER_TRY(json.uint_or("pad_type_id", 0));
  FLETCHER_TRY(json.string_or("pad_token", ""));
  return check_name(json, "direction", {"Left", "Right"});
}

Result<void> check_ignored(const Json& root) {
  FLETCHER_TRY_ASSIGN(const std::string version, root.string_or("version", "1.0"));
  if (version != "1.0") return unimplemented("version \"" + version + "\" is not supported, wanted 1.0");
  using Check = std::pair<const char*, Result<void> (*)(const Json&)>;
  for (const auto& [key, check] : {Check{"truncation", check_truncation}, Check{"padding", check_padding}}) {
    const Json& json = root[key];
    if (!json.is_null() && json.as_object() == nullptr) {
      return invalid_argument("\"" + std::string(key) + "\": " + json.describe() + ", wanted an object or null");
    }
    if (auto checked = check(json); !checked) return with_context(std::move(checked).error(), key);
  }
  return {};
}

/// The vocabulary is most of the file: read without a tree of its own.
Result<Vocabulary> read_vocabulary(simdjson::dom::element root) {
  simdjson::dom::object vocab;
  if (root["model"]["vocab"].get(vocab) != simdjson::SUCCESS) {
    return invalid_argument("model: \"vocab\": missing, wanted an object of tokens and ids");
  }
  Vocabulary vocabulary;
  vocabulary.reserve(vocab.size());
  for (const auto [token, value] : vocab) {
    uint64_t id = 0;
    if (value.get(id) != simdjson::SUCCESS || id > 0x7FFFFFFF) {
      return invalid_argument("model: vocab: \"" + std::string(token) + "\": wanted an id from 0 to 2^31-1");
    }
    vocabulary.emplace_back(std::string(token), static_cast<int32_t>(id));
  }
  return vocabulary;
}

Result<WordPiece> read_model(const Json& root, const Vocabulary& vocabulary) {
  const Json& json = root["model"];
  FLETCHER_TRY_ASSIGN(const std::string type, json.string_or("type", "WordPiece"));  // old files leave it out
  if (type != "WordPiece") return unimplemented("type \"" + type + "\" is not supported, wanted WordPiece");
  WordPiece::Options options;
  FLETCHER_TRY_ASSIGN(options.unk_token, json.string_or("unk_token", options.unk_token));
  FLETCHER_TRY_ASSIGN(options.continuing_subword_prefix,
                      json.string_or("continuing_subword_prefix", options.continuing_subword_prefix));
  FLETCHER_TRY_ASSIGN(options.max_input_chars_per_word,
                      json.uint_or("max_input_chars_per_word", options.max_input_chars_per_word));
  return WordPiece::create(vocabulary, options);
}

/// The file without its vocabulary, as a tree.
Result<Json> tree_without_vocabulary(simdjson::dom::element root) {
  simdjson::dom::object object;
  if (root.get(object) != simdjson::SUCCESS) return data_loss("wanted a JSON object");
  std::string text = "{";
  for (const auto [key, value] : object) {
    if (text.size() > 1) text += ',';
    append_json_string(text, key);
    text += ':';
    simdjson::dom::object model;
    if (key != "model" || value.get(model) != simdjson::SUCCESS) {
      text += simdjson::minify(value);
      continue;
    }
    text += '{';
    bool first = true;
    for (const auto [name, field] : model) {
      if (name == "vocab") continue;
      if (!std::exchange(first, false)) text += ',';
      append_json_string(text, name);
      text += ':' + simdjson::minify(field);
    }
    text += '}';
  }
  return Json::parse(text + "}", "tokenizer");
}

Result<std::unique_ptr<Normalizer>> read_normalizer(const Json& json, const TokenizerConfig* config) {
  if (json.is_null()) return std::make_unique<IdentityNormalizer>();
  FLETCHER_TRY_ASSIGN(std::unique_ptr<Normalizer> normalizer, read_component(kNormalizers, json, "normalizer"));
  if (config == nullptr || config->path.empty() || !config->builds_bert_normalizer()) return normalizer;
  if (const std::string* type = json["type"].as_string(); type == nullptr || *type != "BertNormalizer") {
    return normalizer;
  }
  auto switches = config->bert_switches();
  if (!switches) return with_context(std::move(switches).error(), config->path);
  return std::make_unique<BertNormalizer>(*switches);
}

/// Everything but the vocabulary, the model and the added tokens.
Result<void> read_components(const Json& json, const TokenizerConfig* config, Tokenizer::Parts& parts) {
  FLETCHER_TRY_ASSIGN(parts.normalizer, read_normalizer(json["normalizer"], config));
  parts.pre_tokenizer = std::make_unique<WholePreTokenizer>();
  if (!json["pre_tokenizer"].is_null()) {
    FLETCHER_TRY_ASSIGN(parts.pre_tokenizer, read_component(kPreTokenizers, json["pre_tokenizer"], "pre_tokenizer"));
  }
  if (!json["post_processor"].is_null()) {
    FLETCHER_TRY_ASSIGN(parts.post_processor,
                        read_component(kPostProcessors, json["post_processor"], "post_processor"));
  }
  return {};
}

}  // namespace

Result<AddedToken> read_added_token(const Json& json) {
  AddedToken token;
  FLETCHER_TRY_ASSIGN(token.content, json.required_string("content"));
  FLETCHER_TRY_ASSIGN(token.single_word, json.bool_or("single_word", false));
  FLETCHER_TRY_ASSIGN(token.lstrip, json.bool_or("lstrip", false));
  FLETCHER_TRY_ASSIGN(token.rstrip, json.bool_or("rstrip", false));
  FLETCHER_TRY_ASSIGN(token.special, json.bool_or("special", false));
  FLETCHER_TRY_ASSIGN(token.normalized, json.bool_or("normalized", !token.special));
  return token;
}

Result<std::unique_ptr<Tokenizer::Parts>> parse_tokenizer_json(std::string_view text, const TokenizerConfig* config) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (const auto error = parser.parse(text.data(), text.size()).get(root); error != simdjson::SUCCESS) {
    return data_loss(std::string("not well-formed JSON: ") + simdjson::error_message(error));
  }
  FLETCHER_TRY_ASSIGN(const Json json, tree_without_vocabulary(root));
  if (json["model"].as_object() == nullptr) {
    return invalid_argument("\"model\": " + json["model"].describe() + ", wanted an object");
  }
  FLETCHER_TRY(check_ignored(json));
  auto parts = std::make_unique<Tokenizer::Parts>();
  FLETCHER_TRY(read_components(json, config, *parts));
  // The type first: another model's vocabulary need not be an object at all.
  if (const auto* type = json["model"]["type"].as_string(); type != nullptr && *type != "WordPiece") {
    return unimplemented("model: type \"" + *type + "\" is not supported, wanted WordPiece");
  }
  FLETCHER_TRY_ASSIGN(const Vocabulary vocabulary, read_vocabulary(root));
  auto model = read_model(json, vocabulary);
  if (!model) return with_context(std::move(model).error(), "model");
  parts->model = std::move(*model);
  FLETCHER_TRY_ASSIGN(std::vector<AddedToken> added, read_added_tokens(json));
  FLETCHER_TRY(parts->set_tokens(vocabulary, std::move(added)));
  return parts;
}

}  // namespace fletcher
