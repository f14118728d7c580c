// Weights on the device: f32, row-major, tables in parts of whole rows where one binding cannot hold them.
#pragma once

#include <utility>
#include <vector>

#include "backend/backend.h"
#include "backend/webgpu/device.h"

namespace fletcher::webgpu {

class WebGpuBuffer final : public Buffer {
 public:
  WebGpuBuffer(uint64_t size_bytes, Owned<WGPUBuffer> buffer) : Buffer(size_bytes), buffer_(std::move(buffer)) {}
  WGPUBuffer handle() const { return buffer_.get(); }

 private:
  Owned<WGPUBuffer> buffer_;
};

/// Rows [first_row, first_row + rows) of a matrix.
struct Part {
  Owned<WGPUBuffer> buffer;
  size_t first_row;
  size_t rows;
};

class WebGpuLinear final : public Linear {
 public:
  WebGpuLinear(size_t in_features, size_t out_features, std::vector<Part> parts, Owned<WGPUBuffer> bias)
      : Linear(in_features, out_features), parts_(std::move(parts)), bias_(std::move(bias)) {}
  size_t size_bytes() const override { return (in_features() + 1) * out_features() * sizeof(float); }
  const std::vector<Part>& parts() const { return parts_; }
  WGPUBuffer bias() const { return bias_.get(); }

 private:
  std::vector<Part> parts_;
  Owned<WGPUBuffer> bias_;  // [out_features], zeros where the source has none
};

class WebGpuNorm final : public Norm {
 public:
  WebGpuNorm(size_t features, Owned<WGPUBuffer> gamma_beta, float eps)
      : Norm(features), gamma_beta_(std::move(gamma_beta)), eps_(eps) {}
  WGPUBuffer gamma_beta() const { return gamma_beta_.get(); }
  float eps() const { return eps_; }

 private:
  Owned<WGPUBuffer> gamma_beta_;  // [2, features]
  float eps_;
};

class WebGpuEmbedding final : public EmbeddingTable {
 public:
  WebGpuEmbedding(size_t rows, size_t features, std::vector<Part> parts)
      : EmbeddingTable(rows, features), parts_(std::move(parts)) {}
  size_t size_bytes() const override { return rows() * features() * sizeof(float); }
  const std::vector<Part>& parts() const { return parts_; }

 private:
  std::vector<Part> parts_;
};

/// The sources must have passed validate(). `part_bytes` bounds a buffer of the matrix; RESOURCE_EXHAUSTED where not
/// even a row fits, or the device has no room.
Result<std::unique_ptr<Linear>> upload_linear(Device& device, const LinearSource& source, uint64_t part_bytes);
Result<std::unique_ptr<Norm>> upload_norm(Device& device, const NormSource& source);
Result<std::unique_ptr<EmbeddingTable>> upload_embedding(Device& device, const HostMatrix& source, uint64_t part_bytes);

}  // namespace fletcher::webgpu
