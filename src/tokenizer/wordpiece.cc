#include "tokenizer/wordpiece.h"

namespace fletcher {
namespace {

bool is_character_start(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

}  // namespace

Result<WordPiece> WordPiece::create(const Vocabulary& vocabulary, const Options& options) {
  size_t bytes = 0;
  for (const auto& [token, id] : vocabulary) bytes += token.size();
  WordPiece model(bytes);
  model.max_input_chars_per_word_ = options.max_input_chars_per_word;
  bool has_unk = false;
  for (const auto& [token, id] : vocabulary) {
    if (id < 0) return invalid_argument("vocabulary: \"" + token + "\" has id " + std::to_string(id));
    if (token == options.unk_token) {
      model.unk_id_ = id;
      has_unk = true;
    }
    model.trie_.insert(token, id);
  }
  model.continuation_ = model.trie_.node_after(options.continuing_subword_prefix);
  if (!has_unk) return invalid_argument("unk_token \"" + options.unk_token + "\" is not in the vocabulary");
  return model;
}

void WordPiece::tokenize(std::string_view word, std::vector<Piece>& out) const {
  const size_t before = out.size();
  const auto whole_word_unknown = [&] {
    out.resize(before);
    out.push_back({unk_id_, 0, static_cast<uint32_t>(word.size())});
  };
  if (word.size() > max_input_chars_per_word_) {
    size_t characters = 0;
    for (const char c : word) characters += is_character_start(c);
    if (characters > max_input_chars_per_word_) return whole_word_unknown();
  }
  for (size_t begin = 0; begin < word.size();) {
    const ByteTrie::Node from = begin == 0 ? ByteTrie::kRoot : continuation_;
    const ByteTrie::Match match = trie_.longest_match(from, word.substr(begin));
    if (match.value < 0) return whole_word_unknown();
    out.push_back({match.value, static_cast<uint32_t>(begin), static_cast<uint32_t>(begin + match.length)});
    begin += match.length;
  }
}

}  // namespace fletcher
