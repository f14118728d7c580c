// WordPiece: greedy longest match from the left (Schuster & Nakajima 2012; Devlin et al., arXiv 1810.04805).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace fletcher {

using Vocabulary = std::vector<std::pair<std::string, int32_t>>;

/// A piece of a word: an id and bytes [begin, end) of the word.
struct Piece {
  int32_t id;
  uint32_t begin;
  uint32_t end;
};

/// A byte trie over the vocabulary in one hash table. Immutable, thread-safe.
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
  /// of more than max_input_chars_per_word characters.
  void tokenize(std::string_view word, std::vector<Piece>& out) const;
  int32_t unk_id() const { return unk_id_; }

 private:
  using Node = uint32_t;
  static constexpr Node kNone = 0;
  static constexpr Node kWordStart = 1;     // root of pieces that begin a word
  static constexpr Node kContinuation = 2;  // root of pieces that carry the prefix

  WordPiece() = default;
  void insert(Node root, std::string_view piece, int32_t id);
  Node child(Node node, unsigned char byte) const;
  Node add_child(Node node, unsigned char byte);
  void grow();
  static uint64_t slot_key(Node node, unsigned char byte) { return static_cast<uint64_t>(node) << 8 | byte; }
  size_t slot_of(uint64_t key) const { return (key * 0x9E3779B97F4A7C15u) >> shift_; }

  struct Edge {
    uint64_t key = 0;  // parent node and byte; 0 is an empty slot
    Node child = kNone;
  };
  std::vector<Edge> edges_;  // open addressing, a power of two
  unsigned shift_ = 0;
  size_t edge_count_ = 0;
  std::vector<int32_t> ids_;  // by node; -1 where no piece ends
  int32_t unk_id_ = 0;
  size_t max_input_chars_per_word_ = 0;
};

}  // namespace fletcher
