// The first step of a tokenizer: text as typed to text as the vocabulary knows it.
#pragma once

#include <memory>
#include <string_view>

#include "tokenizer/normalized_text.h"

namespace fletcher {

/// Immutable, thread-safe.
class Normalizer {
 public:
  virtual ~Normalizer() = default;
  /// Appends the normal form of `text` to `out`; the text's first byte is byte `base` of the original. An ill-formed
  /// sequence of UTF-8 counts as U+FFFD (base/utf8.h).
  virtual void normalize(std::string_view text, uint32_t base, NormalizedText& out) const = 0;
};

/// Copies; what a tokenizer.json without a normalizer asks for.
class IdentityNormalizer final : public Normalizer {
 public:
  void normalize(std::string_view text, uint32_t base, NormalizedText& out) const override;
};

/// BertNormalizer: cleans, separates CJK, decomposes and drops accents, lowers, in that order.
class BertNormalizer final : public Normalizer {
 public:
  struct Switches {
    bool clean_text = true;
    bool handle_chinese_chars = true;
    bool strip_accents = true;
    bool lowercase = true;
  };
  explicit BertNormalizer(Switches switches) : switches_(switches) {}
  void normalize(std::string_view text, uint32_t base, NormalizedText& out) const override;

 private:
  class Pass;
  Switches switches_;
};

}  // namespace fletcher
