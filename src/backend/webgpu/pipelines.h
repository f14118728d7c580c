// The compiled shaders of one device, and what each takes.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "backend/webgpu/device.h"

namespace fletcher::webgpu {

/// One for each file of shaders/.
enum class Shader : uint8_t { embed, linear, norm, attention, pool, l2_normalize };
constexpr size_t kShaders = 6;

/// Bindings, the same for every shader: parameters, up to four buffers that are read, one that is written (and perhaps
/// read). WebGPU promises eight storage buffers.
constexpr uint32_t kParamsBinding = 0, kFirstInputBinding = 1, kOutBinding = 5;
constexpr size_t kInputs = kOutBinding - kFirstInputBinding;
/// Room for the parameters of a dispatch: where a uniform binding may begin, on every adapter.
constexpr size_t kParamsBytes = 256;
/// Invocations of a workgroup, in every shader.
constexpr uint64_t kWorkgroupSize = 64;

// The `Params` of each shader, in its order.

struct EmbedParams {
  uint32_t tokens, cols, ids, first_row, part_rows, overwrite, out_offset, out_stride;
};
struct LinearParams {
  uint32_t rows, inner, part_cols, first_col, in_offset, in_stride, out_offset, out_stride;
  uint32_t residual, residual_offset, residual_stride, act;
};
struct NormParams {
  uint32_t rows, cols, in_offset, in_stride, out_offset, out_stride;
  float eps;
};
struct AttentionParams {
  uint32_t tokens, heads, kv_heads, head_dim;
  float scale;
  uint32_t sequences, cu_seqlens, in_offset, in_stride, out_offset, out_stride;
};
struct PoolParams {
  uint32_t sequences, cols, mode, cu_seqlens, pool_begin, in_offset, in_stride, out_offset, out_stride;
};
struct L2NormalizeParams {
  uint32_t rows, cols, offset, stride;
};

/// Every shader, compiled when the device is opened. Immutable; the device must outlive it.
class Pipelines {
 public:
  /// INTERNAL with the compiler's message.
  static Result<Pipelines> create(Device& device);

  /// `in_place`: the first input lies in the written buffer, which WebGPU refuses to bind a second time.
  WGPUComputePipeline get(Shader shader, bool in_place) const {
    return pipelines_[2 * static_cast<size_t>(shader) + in_place].get();
  }
  WGPUBindGroupLayout bindings() const { return bindings_.get(); }

 private:
  explicit Pipelines(const Api& api)
      : bindings_(nullptr, api.BindGroupLayoutRelease), layout_(nullptr, api.PipelineLayoutRelease) {}
  void create_layout(Device& device);
  void compile(Device& device, Shader shader);

  Owned<WGPUBindGroupLayout> bindings_;
  Owned<WGPUPipelineLayout> layout_;
  std::vector<Owned<WGPUComputePipeline>> pipelines_;  // of each shader: apart, in place
};

}  // namespace fletcher::webgpu
