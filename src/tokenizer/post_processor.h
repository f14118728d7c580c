// The last step of a tokenizer: cuts to length and puts the special tokens around.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "tokenizer/encoding.h"

namespace fletcher {

/// A template of special tokens and sequences, for one text and for a pair. BertProcessing is one, too. Immutable.
class PostProcessor {
 public:
  struct Slot {
    enum class Kind : uint8_t { special, first, second };
    Kind kind = Kind::first;
    int32_t type_id = 0;
    std::vector<int32_t> ids;  // of a special token
  };
  using Template = std::vector<Slot>;

  /// The texts alone; what a tokenizer.json without a post-processor asks for.
  PostProcessor();
  PostProcessor(Template single, Template pair);
  /// cls A sep, and cls A sep B sep with type 1 from B on.
  static PostProcessor bert(int32_t cls, int32_t sep);

  size_t num_special_tokens(bool pair) const;
  /// All ids of special tokens, of both templates.
  std::vector<int32_t> special_ids() const;

  /// The tokens of one text, without special ones.
  struct Tokens {
    std::span<const int32_t> ids;
    std::span<const Offset> offsets;  // as long as ids, or empty
  };
  /// Truncates and fills `out`. `second` is null for a single text. INVALID_ARGUMENT if max_length cannot hold the
  /// special tokens, or a strategy of one side would have to cut more than that side has.
  Result<void> process(Tokens first, const Tokens* second, const EncodeOptions& options, Encoding& out) const;

 private:
  Template single_;
  Template pair_;
};

/// Lengths that are left of two texts (`second` 0 for none) when together they may have `max_length` tokens: the rules
/// of Hugging Face `tokenizers`. INVALID_ARGUMENT as above.
struct Lengths {
  size_t first;
  size_t second;
};
Result<Lengths> truncated_lengths(Lengths full, bool pair, size_t max_length, TruncationStrategy strategy);

}  // namespace fletcher
