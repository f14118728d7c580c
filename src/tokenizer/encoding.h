// What a tokenizer is asked for and what it gives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "tokenizer/offset.h"

namespace fletcher {

/// Which of two texts loses tokens when together they are too long; Hugging Face's names.
enum class TruncationStrategy : uint8_t { longest_first, only_first, only_second };
/// The end at which a text loses tokens.
enum class TruncationSide : uint8_t { right, left };

struct EncodeOptions {
  bool add_special_tokens = true;
  size_t max_length = std::numeric_limits<size_t>::max();  // tokens, special ones included
  TruncationStrategy strategy = TruncationStrategy::longest_first;
  TruncationSide side = TruncationSide::right;
  bool with_offsets = false;
};

struct Encoding {
  std::vector<int32_t> ids;
  std::vector<int32_t> type_ids;
  std::vector<Offset>
      offsets;  // in the text that the token comes from; 0, 0 for special tokens. Empty unless asked for
  std::vector<uint8_t> special;   // 1 for what the post-processor added. Empty unless offsets were asked for
  size_t untruncated_length = 0;  // tokens before truncation, special ones included

  bool truncated() const { return untruncated_length > ids.size(); }
  /// Forgets the tokens, keeps the memory.
  void clear() {
    ids.clear();
    type_ids.clear();
    offsets.clear();
    special.clear();
    untruncated_length = 0;
  }
};

}  // namespace fletcher
