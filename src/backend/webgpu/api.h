// wgpu-native's functions, found in its shared library when a device is opened: Fletcher runs without the library.
#pragma once

#include <webgpu/wgpu.h>

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/result.h"

// Every function that the backend calls, spelled as in webgpu.h and wgpu.h after the prefix wgpu.
#define FLETCHER_WGPU_FUNCTIONS(F)                                                                               \
  F(GetVersion)                                                                                                  \
  F(CreateInstance)                                                                                              \
  F(InstanceProcessEvents)                                                                                       \
  F(InstanceRequestAdapter) F(InstanceRelease) F(AdapterGetInfo) F(AdapterGetLimits) F(AdapterInfoFreeMembers)   \
      F(AdapterRequestDevice) F(AdapterRelease) F(DeviceCreateBindGroup) F(DeviceCreateBindGroupLayout)          \
          F(DeviceCreateBuffer) F(DeviceCreateCommandEncoder) F(DeviceCreateComputePipeline)                     \
              F(DeviceCreatePipelineLayout) F(DeviceCreateShaderModule) F(DeviceDestroy) F(DeviceGetQueue)       \
                  F(DevicePoll) F(DevicePopErrorScope) F(DevicePushErrorScope) F(DeviceRelease) F(QueueSubmit)   \
                      F(QueueWriteBuffer) F(QueueRelease) F(BufferGetConstMappedRange) F(BufferGetMappedRange)   \
                          F(BufferMapAsync) F(BufferUnmap) F(BufferRelease) F(BindGroupRelease)                  \
                              F(BindGroupLayoutRelease) F(PipelineLayoutRelease) F(ShaderModuleRelease)          \
                                  F(ComputePipelineRelease) F(CommandEncoderBeginComputePass)                    \
                                      F(CommandEncoderCopyBufferToBuffer) F(CommandEncoderFinish)                \
                                          F(CommandEncoderRelease) F(CommandBufferRelease)                       \
                                              F(ComputePassEncoderDispatchWorkgroups) F(ComputePassEncoderEnd)   \
                                                  F(ComputePassEncoderRelease) F(ComputePassEncoderSetBindGroup) \
                                                      F(ComputePassEncoderSetPipeline)

namespace fletcher::webgpu {

/// Pointers to the functions above. Immutable after load.
struct Api {
#define FLETCHER_DECLARE(name) decltype(&::wgpu##name) name = nullptr;
  FLETCHER_WGPU_FUNCTIONS(FLETCHER_DECLARE)
#undef FLETCHER_DECLARE

  /// Opens libwgpu_native.so where the system's loader looks: LD_LIBRARY_PATH, the program's own run path
  /// (cmake/WebGpu.cmake), the system. FAILED_PRECONDITION if it is not there or not the version that the headers
  /// describe: webgpu.h is no stable interface.
  static Result<Api> load();
};

/// An object of wgpu-native that is released with its owner.
template <typename T>
using Owned = std::unique_ptr<std::remove_pointer_t<T>, void (*)(T)>;

inline WGPUStringView view_of(std::string_view text) { return {text.data(), text.size()}; }
inline std::string text_of(WGPUStringView view) {
  if (view.data == nullptr) return {};
  return view.length == WGPU_STRLEN ? std::string(view.data) : std::string(view.data, view.length);
}

}  // namespace fletcher::webgpu
