// One adapter opened as a device: its limits, its buffers, its errors as values.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "backend/webgpu/api.h"

namespace fletcher::webgpu {

/// Thread-safe. Calls that may fail go through checked(): wgpu-native reports failures beside the call, not by it.
class Device {
 public:
  /// The fastest adapter of a Vulkan, Metal or Direct3D 12 driver. FAILED_PRECONDITION without the library or without
  /// an adapter, with the reason.
  static Result<std::unique_ptr<Device>> open();
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const Api& api() const { return api_; }
  WGPUDevice handle() const { return device_.get(); }
  WGPUQueue queue() const { return queue_.get(); }
  /// Adapter, interface and driver, such as "llvmpipe (LLVM 15.0.6, 256 bits), Vulkan, Mesa 22.3.6".
  const std::string& description() const { return description_; }
  /// The largest buffer that a shader may see, in bytes.
  uint64_t max_binding_bytes() const { return max_binding_bytes_; }
  /// Iterations of all loops of an invocation together, after which a software adapter silently ends them: llvmpipe's
  /// guard against endless shaders (measured with Mesa 22.3). Without limit on other adapters.
  uint64_t max_loop_iterations() const { return max_loop_iterations_; }

  /// Runs `calls` and returns the first error that they caused: RESOURCE_EXHAUSTED where memory ran out, UNAVAILABLE
  /// where the device is lost, else INTERNAL. Threads take turns: the device has one stack of error scopes.
  Result<void> checked(const std::function<void()>& calls);
  /// Sends encoded commands to the queue. wgpu-native aborts if that fails, as it does on a lost device, so the loss is
  /// looked for first: UNAVAILABLE then. Commands must have been encoded without an error.
  Result<void> submit(std::span<const WGPUCommandBuffer> commands);
  /// UNAVAILABLE once the device is known to be lost.
  Result<void> health() const;
  /// Lets the device work until `done`, which a callback sets. DEADLINE_EXCEEDED after `timeout`.
  Result<void> wait(const std::atomic<bool>& done, std::chrono::milliseconds timeout);

  /// A zeroed buffer of at least `bytes`. RESOURCE_EXHAUSTED above max_binding_bytes() or if the device has no room.
  Result<Owned<WGPUBuffer>> make_buffer(uint64_t bytes, WGPUBufferUsage usage);
  /// A storage buffer of `count` values that `fill` writes.
  Result<Owned<WGPUBuffer>> upload(uint64_t count, const std::function<void(float*)>& fill);

 private:
  explicit Device(const Api& api);
  Result<void> request_adapter();
  Result<void> request_device();
  void describe();
  Result<Owned<WGPUBuffer>> create_buffer(const WGPUBufferDescriptor& descriptor);
  /// The first error that no scope held since the last call.
  Result<void> take_uncaptured();
  /// Makes what fails on a lost device and, unlike other calls, tells the loss to its callback.
  void probe();

  /// Written by callbacks, which may come on any thread.
  struct Failures {
    mutable std::mutex mutex;  // guards both
    std::string lost;
    std::string uncaptured;
  };

  const Api api_;
  Failures failures_;
  std::mutex scopes_mutex_;  // held from the first push of an error scope to the last pop
  Owned<WGPUInstance> instance_;
  Owned<WGPUAdapter> adapter_;
  Owned<WGPUDevice> device_;
  Owned<WGPUQueue> queue_;
  std::string description_;
  uint64_t max_binding_bytes_ = 0;
  uint64_t max_loop_iterations_ = UINT64_MAX;
};

}  // namespace fletcher::webgpu
