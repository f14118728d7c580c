// GPUs through WebGPU, that is Vulkan, Metal or Direct3D 12, by one set of shaders (ADR 4). Tested on Vulkan; naive.
#pragma once

#include <chrono>
#include <memory>

#include "backend/backend.h"
#include "backend/webgpu/device.h"
#include "backend/webgpu/pipelines.h"

namespace fletcher::webgpu {

struct WebGpuOptions {
  uint64_t part_bytes = 0;  // tables larger than this are split by rows; 0: what the adapter can bind
  std::chrono::milliseconds timeout = std::chrono::minutes(5);  // of the work of one batch
};

/// f32 products on f32 weights in the device's memory. Streams of one backend share its queue.
class WebGpuBackend final : public Backend {
 public:
  /// FAILED_PRECONDITION without wgpu-native's library or without an adapter.
  static Result<std::unique_ptr<WebGpuBackend>> create(const WebGpuOptions& options);

  std::string_view name() const override { return "webgpu"; }
  std::string_view instruction_set() const override { return device_->description(); }
  bool supports(Precision precision) const override { return precision == Precision::f32; }
  /// RESOURCE_EXHAUSTED also above what the adapter can bind at once.
  Result<Activation> activation(size_t rows, size_t cols) override;
  Result<std::unique_ptr<Linear>> prepare_linear(const LinearSource& source) override;
  Result<std::unique_ptr<Norm>> prepare_norm(const NormSource& source) override;
  Result<std::unique_ptr<EmbeddingTable>> prepare_embedding(const HostMatrix& source) override;
  std::unique_ptr<Stream> open_stream() override;

  Device& device() { return *device_; }

 private:
  WebGpuBackend(const WebGpuOptions& options, std::unique_ptr<Device> device, Pipelines pipelines);

  std::unique_ptr<Device> device_;
  Pipelines pipelines_;
  uint64_t part_bytes_;
  std::chrono::milliseconds timeout_;
};

}  // namespace fletcher::webgpu
