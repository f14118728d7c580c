// A packed batch of token sequences: one after the other, never padded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace fletcher {

/// `num_sequences()` sequences of together `num_tokens()` tokens. Sequence i owns rows [cu_seqlens[i],
/// cu_seqlens[i+1]). Host memory; reused between batches without allocation once it has grown.
struct Batch {
  std::vector<int32_t> input_ids;       // [tokens]
  std::vector<int32_t> token_type_ids;  // [tokens]
  std::vector<int32_t> position_ids;    // [tokens]
  std::vector<int32_t> cu_seqlens{0};   // [sequences + 1], ascending from 0
  std::vector<int32_t> pool_begin;      // [sequences]: tokens at the front of a sequence that pooling leaves out
  int32_t max_seqlen = 0;

  size_t num_tokens() const { return input_ids.size(); }
  size_t num_sequences() const { return cu_seqlens.size() - 1; }

  /// Forgets the sequences, keeps the memory.
  void clear();
  /// Adds one sequence of at least one token. `type_ids` is empty (all 0) or as long as `ids`; positions count from
  /// `first_position`.
  void append(std::span<const int32_t> ids, std::span<const int32_t> type_ids, int32_t first_position = 0,
              int32_t pool_from = 0);
};

}  // namespace fletcher
