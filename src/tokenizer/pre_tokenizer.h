// The second step of a tokenizer: a normalised text to words.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace fletcher {

/// Bytes [begin, end) of the normalised text.
struct Word {
  uint32_t begin;
  uint32_t end;

  friend bool operator==(const Word&, const Word&) = default;
};

/// Immutable, thread-safe.
class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  /// Appends the words of text[begin, end) to `words`, in order, without overlap. `text` is valid UTF-8.
  virtual void split(std::string_view text, Word piece, std::vector<Word>& words) const = 0;
};

/// The whole piece is one word; what a tokenizer.json without a pre-tokenizer asks for.
class WholePreTokenizer final : public PreTokenizer {
 public:
  void split(std::string_view text, Word piece, std::vector<Word>& words) const override;
};

/// BertPreTokenizer: splits at whitespace; every punctuation character is a word.
class BertPreTokenizer final : public PreTokenizer {
 public:
  void split(std::string_view text, Word piece, std::vector<Word>& words) const override;
};

}  // namespace fletcher
