#include "engine/request_queue.h"

#include <utility>

namespace fletcher {

RequestQueue::Push RequestQueue::push(PendingItem& item) {
  const EmbedRequest& request = item.state->request;
  std::unique_lock lock(mutex_);
  const auto has_room = [&] {
    return closed_ || waiting_tokens_ == 0 || waiting_tokens_ + item.ids.size() <= capacity_tokens_;
  };
  const bool ready = request.deadline ? not_full_.wait_until(lock, request.stop_token, *request.deadline, has_room)
                                      : not_full_.wait(lock, request.stop_token, has_room);
  if (closed_) return Push::closed;
  if (!ready) return request.stop_token.stop_requested() ? Push::stopped : Push::late;
  waiting_tokens_ += item.ids.size();
  lanes_[static_cast<size_t>(request.lane)].push_back(std::move(item));
  lock.unlock();
  not_empty_.notify_one();
  return Push::queued;
}

bool RequestQueue::pop_batch(size_t budget_tokens, std::vector<PendingItem>& batch) {
  batch.clear();
  {
    std::unique_lock lock(mutex_);
    not_empty_.wait(lock, [&] { return closed_ || waiting_tokens_ > 0; });
    if (closed_) return false;
    size_t tokens = 0;
    for (std::deque<PendingItem>& lane : lanes_) {
      while (!lane.empty() && (batch.empty() || tokens + lane.front().ids.size() <= budget_tokens)) {
        tokens += lane.front().ids.size();
        batch.push_back(std::move(lane.front()));
        lane.pop_front();
      }
    }
    waiting_tokens_ -= tokens;
  }
  not_full_.notify_all();
  return true;
}

std::vector<PendingItem> RequestQueue::close() {
  std::vector<PendingItem> rest;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (std::deque<PendingItem>& lane : lanes_) {
      for (PendingItem& item : lane) rest.push_back(std::move(item));
      lane.clear();
    }
    waiting_tokens_ = 0;
  }
  not_empty_.notify_all();
  not_full_.notify_all();
  return rest;
}

}  // namespace fletcher
