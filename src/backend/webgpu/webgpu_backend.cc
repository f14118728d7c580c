#include "backend/webgpu/webgpu_backend.h"

#include <algorithm>
#include <string>
#include <utility>

#include "backend/webgpu/prepared.h"
#include "backend/webgpu/webgpu_stream.h"

namespace fletcher::webgpu {

WebGpuBackend::WebGpuBackend(const WebGpuOptions& options, std::unique_ptr<Device> device, Pipelines pipelines)
    : device_(std::move(device)), pipelines_(std::move(pipelines)), timeout_(options.timeout) {
  const uint64_t most = device_->max_binding_bytes();
  part_bytes_ = options.part_bytes == 0 ? most : std::min(options.part_bytes, most);
}

Result<std::unique_ptr<WebGpuBackend>> WebGpuBackend::create(const WebGpuOptions& options) {
  FLETCHER_TRY_ASSIGN(std::unique_ptr<Device> device, Device::open());
  FLETCHER_TRY_ASSIGN(Pipelines pipelines, Pipelines::create(*device));
  return std::unique_ptr<WebGpuBackend>(new WebGpuBackend(options, std::move(device), std::move(pipelines)));
}

Result<Backend::Activation> WebGpuBackend::activation(size_t rows, size_t cols) {
  const uint64_t most_values = device_->max_binding_bytes() / sizeof(float);
  if (rows > 0 && cols > most_values / rows) {
    return resource_exhausted("webgpu backend: activations of " + std::to_string(rows) + " x " + std::to_string(cols) +
                              " values, this adapter binds at most " + std::to_string(most_values));
  }
  const uint64_t bytes = rows * cols * sizeof(float);
  FLETCHER_TRY_ASSIGN(Owned<WGPUBuffer> made,
                      device_->make_buffer(bytes, WGPUBufferUsage_Storage | WGPUBufferUsage_CopySrc));
  auto buffer = std::make_unique<WebGpuBuffer>(bytes, std::move(made));
  TensorView view{buffer.get(), 0, rows, cols, cols, DType::f32};
  return Activation{std::move(buffer), view};
}

Result<std::unique_ptr<Linear>> WebGpuBackend::prepare_linear(const LinearSource& source) {
  FLETCHER_TRY(validate(source));
  if (!supports(source.precision)) return unimplemented("webgpu backend: only fp32 products");
  return upload_linear(*device_, source, part_bytes_);
}

Result<std::unique_ptr<Norm>> WebGpuBackend::prepare_norm(const NormSource& source) {
  FLETCHER_TRY(validate(source));
  return upload_norm(*device_, source);
}

Result<std::unique_ptr<EmbeddingTable>> WebGpuBackend::prepare_embedding(const HostMatrix& source) {
  FLETCHER_TRY(validate(source));
  return upload_embedding(*device_, source, part_bytes_);
}

std::unique_ptr<Stream> WebGpuBackend::open_stream() {
  return std::make_unique<WebGpuStream>(*device_, pipelines_, timeout_);
}

}  // namespace fletcher::webgpu
