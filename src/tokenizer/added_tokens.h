// Tokens that are found in the text itself, before or after normalising, whatever the model would make of them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/byte_trie.h"
#include "tokenizer/pre_tokenizer.h"

namespace fletcher {

/// As in tokenizer.json's `added_tokens`.
struct AddedToken {
  int32_t id = 0;
  std::string content;
  bool single_word = false;  // not inside a word
  bool lstrip = false;       // takes the whitespace before it
  bool rstrip = false;       // takes the whitespace after it
  bool normalized = false;   // looked for in the normalised text
  bool special = false;
};

/// Finds the tokens of one kind (those looked for before, or after, normalising). Immutable, thread-safe.
class AddedTokenFinder {
 public:
  AddedTokenFinder() = default;
  /// Of equal contents the first is found; empty ones never are.
  explicit AddedTokenFinder(std::vector<AddedToken> tokens);

  bool empty() const { return tokens_.empty(); }

  /// A part of a text: an added token, or (token null) what lies between two of them.
  struct Part {
    Word range;
    const AddedToken* token;
  };
  /// Appends the parts of `text` in order; leftmost match first, then the longest. Parts between tokens are not empty.
  /// As in `tokenizers`, a token that begins with whitespace is found even where an rstrip took that whitespace, so
  /// that parts may overlap. Linear for given tokens.
  void split(std::string_view text, std::vector<Part>& parts) const;

 private:
  std::vector<AddedToken> tokens_;
  ByteTrie trie_;                   // content to index of tokens_
  std::array<bool, 256> starts_{};  // by first byte
};

}  // namespace fletcher
