// Tokenised inputs waiting for a packed batch: two lanes, bounded by tokens.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "fletcher/engine.h"

namespace fletcher {

/// What the inputs of one request share. shared_ptr: every waiting input of the request refers to it, whoever is last.
struct RequestState {
  EmbedRequest request;  // inputs are moved out once tokenised
  ItemSink sink;
  bool normalize = false;
};

/// One tokenised input.
struct PendingItem {
  std::shared_ptr<const RequestState> state;
  size_t index = 0;
  std::vector<int32_t> ids;
  std::vector<int32_t> type_ids;
  int32_t pool_begin = 0;
  size_t untruncated_tokens = 0;
};

/// Thread-safe. Guarded by mutex_: lanes_, waiting_tokens_, closed_.
class RequestQueue {
 public:
  explicit RequestQueue(size_t capacity_tokens) : capacity_tokens_(capacity_tokens) {}

  enum class Push : uint8_t { queued, closed, stopped, late };
  /// Blocks while the queue is full (a single input larger than the queue still gets in when it is empty). The item is
  /// untouched unless it was queued.
  Push push(PendingItem& item);
  /// Blocks for work, then moves inputs of together at most `budget_tokens` (at least one input) into `batch`, the
  /// interactive lane first. False when closed.
  bool pop_batch(size_t budget_tokens, std::vector<PendingItem>& batch);
  /// Wakes everyone; what still waits is returned.
  std::vector<PendingItem> close();

 private:
  const size_t capacity_tokens_;
  std::mutex mutex_;
  std::condition_variable not_empty_;
  std::condition_variable_any not_full_;
  std::array<std::deque<PendingItem>, 2> lanes_;  // by Lane
  size_t waiting_tokens_ = 0;
  bool closed_ = false;
};

}  // namespace fletcher
