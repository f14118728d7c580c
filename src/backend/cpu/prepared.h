// What the CPU backend makes of buffers and weights.
#pragma once

#include <span>
#include <utility>

#include "backend/backend.h"
#include "base/aligned_buffer.h"

namespace fletcher::cpu {

/// Activations: plain f32.
class CpuBuffer final : public Buffer {
 public:
  explicit CpuBuffer(size_t size) : Buffer(size * sizeof(float)), values_(size) {}
  float* data() { return values_.data(); }

 private:
  AlignedBuffer<float> values_;
};

/// The address of row r of a view of ours. The sum may wrap on the way: see CpuStream::run_chunk.
inline float* row(const TensorView& view, size_t r) {
  return static_cast<CpuBuffer*>(view.buffer)->data() + (view.offset + r * view.row_stride);
}

class CpuLinear final : public Linear {
 public:
  CpuLinear(size_t in_features, size_t out_features, AlignedBuffer<float> p, AlignedBuffer<float> b)
      : Linear(in_features, out_features), panels(std::move(p)), bias(std::move(b)) {}
  size_t size_bytes() const override { return (panels.size() + bias.size()) * sizeof(float); }

  AlignedBuffer<float> panels;  // as GemmArgs::panels
  AlignedBuffer<float> bias;    // as GemmArgs::bias
};

class CpuNorm final : public Norm {
 public:
  CpuNorm(AlignedBuffer<float> g, AlignedBuffer<float> b, float e)
      : Norm(g.size()), gamma(std::move(g)), beta(std::move(b)), eps(e) {}

  AlignedBuffer<float> gamma;
  AlignedBuffer<float> beta;
  float eps;
};

/// Reads its source, often a mapped file, row by row: nothing is copied.
class CpuEmbedding final : public EmbeddingTable {
 public:
  explicit CpuEmbedding(const HostMatrix& source)
      : EmbeddingTable(source.rows, source.cols), data(source.data), dtype(source.dtype) {}
  size_t size_bytes() const override { return 0; }

  const std::byte* row(size_t r) const { return data.data() + r * features() * dtype_size(dtype); }

  std::span<const std::byte> data;  // outlives the table: prepare_embedding's contract
  DType dtype;
};

}  // namespace fletcher::cpu
