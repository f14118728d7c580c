// WordPiece: greedy longest match from the left (Schuster & Nakajima 2012; Devlin et al., arXiv 1810.04805).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tokenizer/byte_trie.h"
#include "tokenizer/vocabulary.h"

namespace fletcher {

/// A piece of a word: an id and bytes [begin, end) of the word.
struct Piece {
  int32_t id;
  uint32_t begin;
  uint32_t end;

  friend bool operator==(const Piece&, const Piece&) = default;
};

/// Immutable, thread-safe.
class WordPiece {
 public:
  struct Options {
    std::string unk_token = "[UNK]";
    std::string continuing_subword_prefix = "##";
    size_t max_input_chars_per_word = 100;
  };
  /// INVALID_ARGUMENT if unk_token is not in the vocabulary or an id is negative.
  static Result<WordPiece> create(const Vocabulary& vocabulary, const Options& options);

  /// Appends the pieces of `word`, or the one unknown token: for a word with a part that is not in the vocabulary, or
  /// of more than max_input_chars_per_word characters. Time is linear in the word for a given vocabulary.
  void tokenize(std::string_view word, std::vector<Piece>& out) const;
  int32_t unk_id() const { return unk_id_; }

 private:
  explicit WordPiece(size_t expected_bytes) : trie_(expected_bytes) {}

  ByteTrie trie_;
  ByteTrie::Node continuation_ = ByteTrie::kNone;  // where pieces that carry the prefix go on after it
  int32_t unk_id_ = 0;
  size_t max_input_chars_per_word_ = 0;
};

}  // namespace fletcher
