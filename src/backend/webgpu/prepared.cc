#include "backend/webgpu/prepared.h"

#include <algorithm>
#include <cstring>

namespace fletcher::webgpu {
namespace {

/// Rows [first, first + count) as f32, to `out`. The source may be aligned to nothing.
void widen(const HostMatrix& source, size_t first, size_t count, float* out) {
  const std::byte* bytes = source.data.data() + first * source.cols * dtype_size(source.dtype);
  const size_t values = count * source.cols;
  if (source.dtype == DType::f32) {
    std::memcpy(out, bytes, values * sizeof(float));
    return;
  }
  for (size_t i = 0; i < values; ++i) {
    uint16_t bits;
    std::memcpy(&bits, bytes + i * sizeof bits, sizeof bits);
    out[i] = source.dtype == DType::f16 ? f16_to_f32(bits) : bf16_to_f32(bits);
  }
}

/// Rows [first, first + count) of matrices stacked one below the other.
void widen_stacked(std::span<const HostMatrix> sources, size_t first, size_t count, float* out) {
  for (const HostMatrix& source : sources) {
    const size_t taken = first < source.rows ? std::min(count, source.rows - first) : 0;
    if (taken > 0) widen(source, first, taken, out);
    out += taken * source.cols;
    count -= taken;
    first -= std::min(first, source.rows);
  }
}

Result<std::vector<Part>> upload_parts(Device& device, std::span<const HostMatrix> sources, uint64_t part_bytes) {
  size_t rows = 0;
  for (const HostMatrix& source : sources) rows += source.rows;
  const size_t cols = sources[0].cols;
  const size_t most_rows = part_bytes / (cols * sizeof(float));
  if (most_rows == 0) {
    return resource_exhausted("webgpu backend: a row of " + std::to_string(cols) + " values, a part holds " +
                              std::to_string(part_bytes) + " bytes");
  }
  std::vector<Part> parts;
  for (size_t first = 0; first < rows; first += most_rows) {
    const size_t count = std::min(most_rows, rows - first);
    FLETCHER_TRY_ASSIGN(Owned<WGPUBuffer> buffer,
                        device.upload(count * cols, [&](float* out) { widen_stacked(sources, first, count, out); }));
    parts.push_back({std::move(buffer), first, count});
  }
  return parts;
}

}  // namespace

Result<std::unique_ptr<Linear>> upload_linear(Device& device, const LinearSource& source, uint64_t part_bytes) {
  FLETCHER_TRY_ASSIGN(std::vector<Part> parts, upload_parts(device, source.weights, part_bytes));
  const size_t out_features = parts.back().first_row + parts.back().rows;
  FLETCHER_TRY_ASSIGN(Owned<WGPUBuffer> bias, device.upload(out_features, [&](float* out) {
    std::fill_n(out, out_features, 0.0f);
    for (const HostMatrix& part : source.biases) {
      widen(part, 0, 1, out);
      out += part.cols;
    }
  }));
  return std::make_unique<WebGpuLinear>(source.weights[0].cols, out_features, std::move(parts), std::move(bias));
}

Result<std::unique_ptr<Norm>> upload_norm(Device& device, const NormSource& source) {
  const size_t features = source.gamma.cols;
  FLETCHER_TRY_ASSIGN(Owned<WGPUBuffer> gamma_beta, device.upload(2 * features, [&](float* out) {
    widen(source.gamma, 0, 1, out);
    std::fill_n(out + features, features, 0.0f);
    if (!source.beta.data.empty()) widen(source.beta, 0, 1, out + features);
  }));
  return std::make_unique<WebGpuNorm>(features, std::move(gamma_beta), source.eps);
}

Result<std::unique_ptr<EmbeddingTable>> upload_embedding(Device& device, const HostMatrix& source,
                                                         uint64_t part_bytes) {
  FLETCHER_TRY_ASSIGN(std::vector<Part> parts, upload_parts(device, {&source, 1}, part_bytes));
  return std::make_unique<WebGpuEmbedding>(source.rows, source.cols, std::move(parts));
}

}  // namespace fletcher::webgpu
