// One stream and one workspace: turns waiting inputs into packed batches and results into items.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "backend/stream.h"
#include "engine/request_queue.h"
#include "model/model.h"
#include "tensor/batch.h"

namespace fletcher {

/// Runs on one thread of its own. stage_seconds(), tokens() and flops() may be read by others.
class Worker {
 public:
  /// The workspace for `budget_tokens` is allocated here; a longer text makes a larger one when it comes.
  static Result<std::unique_ptr<Worker>> create(const Model& model, Backend& backend, size_t budget_tokens);

  /// Serves the queue until it is closed.
  void run(RequestQueue& queue);

  double encode_seconds() const { return encode_seconds_.load(std::memory_order_relaxed); }
  uint64_t tokens() const { return tokens_.load(std::memory_order_relaxed); }
  double flops() const { return flops_.load(std::memory_order_relaxed); }
  uint64_t workspace_bytes() const { return workspace_.size_bytes; }

 private:
  Worker(const Model& model, Backend& backend, size_t budget_tokens);
  void serve(std::vector<PendingItem>& items);
  /// Answers what was cancelled or is too late, keeps the rest.
  static void drop_stopped(std::vector<PendingItem>& items);
  Result<void> encode(const std::vector<PendingItem>& items);
  Item make_item(const PendingItem& pending, std::span<const float> row) const;

  const Model& model_;
  Backend& backend_;
  const size_t budget_tokens_;
  std::unique_ptr<Stream> stream_;
  Workspace workspace_;
  Batch batch_;
  std::vector<float> rows_;  // [sequences, out_features]
  std::atomic<double> encode_seconds_ = 0;
  std::atomic<uint64_t> tokens_ = 0;
  std::atomic<double> flops_ = 0;
};

}  // namespace fletcher
