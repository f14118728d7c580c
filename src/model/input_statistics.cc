#include "model/input_statistics.h"

#include <algorithm>
#include <utility>

namespace fletcher {

void ObservingStream::begin(const Batch& batch) {
  observations_.clear();
  normed_.clear();
  stream_->begin(batch);
}

void ObservingStream::mark(const TensorView& view, bool normed) {
  std::erase(normed_, view.buffer);
  if (normed) normed_.push_back(view.buffer);
}

void ObservingStream::embed(const EmbeddingSpec& spec, TensorView out) {
  mark(out, spec.norm != nullptr);
  stream_->embed(spec, out);
}

void ObservingStream::norm(TensorView in, const Norm& n, TensorView out) {
  mark(out, true);
  stream_->norm(in, n, out);
}

void ObservingStream::attention(TensorView qkv, const AttentionSpec& spec, TensorView out) {
  mark(out, false);
  stream_->attention(qkv, spec, out);
}

void ObservingStream::observe(TensorView in, const Linear& w) {
  if (std::ranges::find(normed_, in.buffer) == normed_.end()) return;
  // A vector that moves keeps its values where they are: the stream may fill them later.
  observations_.push_back({&w, std::vector<float>(in.rows * in.cols)});
  stream_->read(in, observations_.back().rows);
}

void ObservingStream::linear(TensorView in, const Linear& w, const Epilogue& e, TensorView out) {
  observe(in, w);
  mark(out, false);
  stream_->linear(in, w, e, out);
}

void ObservingStream::linear_norm(TensorView in, const Linear& w, const Epilogue& e, const Norm& n, TensorView sum,
                                  TensorView out) {
  observe(in, w);
  mark(sum, false);
  mark(out, true);
  stream_->linear_norm(in, w, e, n, sum, out);
}

Result<void> ObservingStream::finish() {
  FLETCHER_TRY(stream_->finish());
  for (const Observation& observation : observations_) add(observation);
  observations_.clear();
  return {};
}

void ObservingStream::add(const Observation& observation) {
  const size_t features = observation.linear->in_features();
  auto entry = std::ranges::find(entries_, observation.linear, &Entry::linear);
  if (entry == entries_.end()) {
    const auto first = observation.rows.begin(), last = first + static_cast<ptrdiff_t>(features);
    if (observation.rows.empty()) return;
    entries_.push_back({observation.linear, {{first, last}, {first, last}}});
    entry = entries_.end() - 1;
  }
  for (size_t i = 0; i < observation.rows.size(); ++i) {
    float& lowest = entry->statistics.lowest[i % features];
    float& highest = entry->statistics.highest[i % features];
    lowest = std::min(lowest, observation.rows[i]);
    highest = std::max(highest, observation.rows[i]);
  }
}

InputStatistics ObservingStream::of(const Linear* linear) const {
  const auto entry = std::ranges::find(entries_, linear, &Entry::linear);
  return entry == entries_.end() ? InputStatistics() : entry->statistics;
}

}  // namespace fletcher
