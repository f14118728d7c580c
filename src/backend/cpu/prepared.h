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
  explicit CpuBuffer(AlignedBuffer<float> values) : Buffer(values.size() * sizeof(float)), values_(std::move(values)) {}
  float* data() { return values_.data(); }

 private:
  AlignedBuffer<float> values_;
};

/// The address of row r of a view of ours. The sum may wrap on the way: see CpuStream::run_chunk.
inline float* row(const TensorView& view, size_t r) {
  return static_cast<CpuBuffer*>(view.buffer)->data() + (view.offset + r * view.row_stride);
}

/// Packed weights. The quantised fields are of int8 alone.
class CpuLinear final : public Linear {
 public:
  CpuLinear(size_t in_features, size_t out_features, Precision p) : Linear(in_features, out_features), precision(p) {}
  size_t size_bytes() const override {
    return panels.size() +
           (bias.size() + column_scale.size() + column_sum.size() + center.size() + inverse_scale.size()) *
               sizeof(float);
  }

  Precision precision;
  size_t steps = 0;                 // as GemmArgs::steps
  AlignedBuffer<std::byte> panels;  // as GemmArgs::panels
  AlignedBuffer<float> bias;        // as GemmArgs::bias
  size_t groups = 1;                // as in Quantization
  size_t group_size = 0;            // features, a multiple of 4
  AlignedBuffer<float> column_scale;
  AlignedBuffer<float> column_sum;
  AlignedBuffer<float> center;  // as in QuantizeArgs; empty for none
  AlignedBuffer<float> inverse_scale;
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
