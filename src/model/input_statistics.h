// What the inputs of a model's products look like: the basis of int8's smoothing.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "backend/stream.h"

namespace fletcher {

/// Least and highest value of every input feature of one product.
struct InputStatistics {
  std::vector<float> lowest;   // [in_features]
  std::vector<float> highest;  // [in_features]
};

/// A stream that passes every op on to another and looks at the inputs of the products on the way, where they come out
/// of a norm: those have the same few large channels in every text. Attention and activations have not, and smoothing
/// what they give does harm (all-MiniLM-L6-v2: mean cosine 0.9957 instead of 0.9995). For a few sentences at load:
/// every input is read back. Not thread-safe.
class ObservingStream final : public Stream {
 public:
  explicit ObservingStream(std::unique_ptr<Stream> stream) : stream_(std::move(stream)) {}

  void begin(const Batch& batch) override;
  void embed(const EmbeddingSpec& spec, TensorView out) override;
  void linear(TensorView in, const Linear& w, const Epilogue& e, TensorView out) override;
  void norm(TensorView in, const Norm& n, TensorView out) override;
  void linear_norm(TensorView in, const Linear& w, const Epilogue& e, const Norm& n, TensorView sum,
                   TensorView out) override;
  void attention(TensorView qkv, const AttentionSpec& spec, TensorView out) override;
  void pool(TensorView in, PoolingMode mode, TensorView out) override { stream_->pool(in, mode, out); }
  void l2_normalize(TensorView rows) override { stream_->l2_normalize(rows); }
  void read(TensorView in, std::span<float> out) override { stream_->read(in, out); }
  Result<void> finish() override;

  /// Those of `linear` over all batches so far; empty if its input never came out of a norm.
  InputStatistics of(const Linear* linear) const;

 private:
  struct Observation {
    const Linear* linear;
    std::vector<float> rows;
  };
  struct Entry {
    const Linear* linear;
    InputStatistics statistics;
  };

  void observe(TensorView in, const Linear& w);
  /// Notes whether what is in a buffer now came out of a norm.
  void mark(const TensorView& view, bool normed);
  void add(const Observation& observation);

  std::unique_ptr<Stream> stream_;
  std::vector<Observation> observations_;  // of the batch in progress
  std::vector<Entry> entries_;
  std::vector<const Buffer*> normed_;
};

}  // namespace fletcher
