#include "engine/worker.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "engine/embedding_type.h"

namespace fletcher {

Worker::Worker(const Model& model, Backend& backend, size_t budget_tokens)
    : model_(model), backend_(backend), budget_tokens_(budget_tokens), stream_(backend.open_stream()) {}

Result<std::unique_ptr<Worker>> Worker::create(const Model& model, Backend& backend, size_t budget_tokens) {
  std::unique_ptr<Worker> worker(new Worker(model, backend, budget_tokens));
  FLETCHER_TRY_ASSIGN(worker->workspace_, model.make_workspace(backend, budget_tokens, budget_tokens));
  return worker;
}

void Worker::run(RequestQueue& queue) {
  std::vector<PendingItem> items;
  while (queue.pop_batch(budget_tokens_, items)) serve(items);
}

void Worker::drop_stopped(std::vector<PendingItem>& items) {
  const auto now = std::chrono::steady_clock::now();
  std::erase_if(items, [&](const PendingItem& item) {
    const EmbedRequest& request = item.state->request;
    if (request.stop_token.stop_requested()) {
      item.state->sink(item.index, cancelled("the request was cancelled"));
      return true;
    }
    if (request.deadline && *request.deadline < now) {
      item.state->sink(item.index,
                       make_error(Code::deadline_exceeded, "the deadline passed before the input was reached"));
      return true;
    }
    return false;
  });
}

void Worker::serve(std::vector<PendingItem>& items) {
  drop_stopped(items);
  if (items.empty()) return;
  const Result<void> done = encode(items);
  const size_t features = model_.out_features();
  for (size_t i = 0; i < items.size(); ++i) {
    const std::span<const float> row = std::span(rows_).subspan(done ? i * features : 0, done ? features : 0);
    if (!done) {
      items[i].state->sink(items[i].index, tl::unexpected<Error>(done.error()));
    } else if (!std::ranges::all_of(row, [](float x) { return std::isfinite(x); })) {
      items[i].state->sink(
          items[i].index,
          failed_precondition("the model gives NaN or infinity, wanted finite numbers: its weights may hold some"));
    } else {
      items[i].state->sink(items[i].index, make_item(items[i], row));
    }
  }
}

Result<void> Worker::encode(const std::vector<PendingItem>& items) {
  const auto start = std::chrono::steady_clock::now();
  batch_.clear();
  double pairs = 0;
  for (const PendingItem& item : items) {
    batch_.append(item.ids, item.type_ids, 0, item.pool_begin);
    pairs += static_cast<double>(item.ids.size()) * static_cast<double>(item.ids.size());
  }
  if (batch_.num_tokens() > workspace_.tokens) {
    workspace_ = {};  // first let go, so that the peak is one workspace
    FLETCHER_TRY_ASSIGN(workspace_, model_.make_workspace(backend_, batch_.num_tokens(), budget_tokens_));
  }
  rows_.resize(batch_.num_sequences() * model_.out_features());
  FLETCHER_TRY(model_.forward(batch_, *stream_, workspace_, rows_));
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  encode_seconds_ = encode_seconds_ + elapsed.count();
  tokens_ += batch_.num_tokens();
  flops_ = flops_ + static_cast<double>(batch_.num_tokens()) * model_.flops_per_token() +
           pairs * model_.flops_per_token_pair();
  return {};
}

Item Worker::make_item(const PendingItem& pending, std::span<const float> row) const {
  const EmbedRequest& request = pending.state->request;
  Item item;
  item.tokens = pending.ids.size();
  item.untruncated_tokens = pending.untruncated_tokens;
  item.truncated = item.untruncated_tokens > item.tokens;
  if (model_.is_classifier()) {
    item.logits.assign(row.begin(), row.end());
    return item;
  }
  const size_t dimensions = request.dimensions.value_or(row.size());
  item.dense.assign(row.begin(), row.begin() + static_cast<ptrdiff_t>(dimensions));
  if (pending.state->normalize) normalize(item.dense);
  item.quantized = quantize(item.dense, request.embedding_type);
  return item;
}

}  // namespace fletcher
