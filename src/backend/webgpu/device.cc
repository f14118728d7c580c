#include "backend/webgpu/device.h"

#include <algorithm>
#include <array>
#include <thread>
#include <utility>

namespace fletcher::webgpu {
namespace {

using std::chrono::microseconds;
using std::chrono::steady_clock;

constexpr microseconds kShortestPause{20}, kLongestPause{1000};
// wgpu-native 29 aborts on the third, Internal: such errors come to the callback for uncaptured ones.
constexpr std::array kFilters = {WGPUErrorFilter_Validation, WGPUErrorFilter_OutOfMemory};
constexpr uint64_t kSoftwareLoopIterations = 65535;
// Shaders index elements with 32 bits.
constexpr uint64_t kMostBindingBytes = uint64_t{1} << 32;

/// wgpu-native's messages run over several lines.
std::string one_line(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c != '\n' && c != ' ') {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

/// What a request of an adapter or a device brought. wgpu-native answers inside the call.
template <typename T>
struct Answer {
  T object = nullptr;
  std::string message = "no answer";
};

template <typename Status, typename T>
void take_answer(Status, T object, WGPUStringView message, void* userdata, void*) {
  auto& answer = *static_cast<Answer<T>*>(userdata);
  answer = {object, one_line(text_of(message))};
}

struct ScopeAnswer {
  WGPUErrorType type = WGPUErrorType_Unknown;
  std::string message = "no answer";
};

void take_scope(WGPUPopErrorScopeStatus status, WGPUErrorType type, WGPUStringView message, void* userdata, void*) {
  auto& answer = *static_cast<ScopeAnswer*>(userdata);
  answer = {status == WGPUPopErrorScopeStatus_Success ? type : WGPUErrorType_Unknown, one_line(text_of(message))};
}

const char* interface_name(WGPUBackendType type) {
  switch (type) {
    case WGPUBackendType_Vulkan:
      return "Vulkan";
    case WGPUBackendType_Metal:
      return "Metal";
    case WGPUBackendType_D3D12:
      return "Direct3D 12";
    default:
      return "WebGPU";
  }
}

Error error_of(const ScopeAnswer& answer) {
  const Code code = answer.type == WGPUErrorType_OutOfMemory ? Code::resource_exhausted : Code::internal;
  return {code, "webgpu backend: " + answer.message};
}

}  // namespace

Device::Device(const Api& api)
    : api_(api),
      instance_(nullptr, api.InstanceRelease),
      adapter_(nullptr, api.AdapterRelease),
      device_(nullptr, api.DeviceRelease),
      queue_(nullptr, api.QueueRelease) {}

Device::~Device() {
  queue_.reset();
  if (device_ != nullptr) api_.DeviceDestroy(device_.get());  // the last callback about its loss comes before we go
}

Result<std::unique_ptr<Device>> Device::open() {
  FLETCHER_TRY_ASSIGN(const Api api, Api::load());
  std::unique_ptr<Device> device(new Device(api));
  FLETCHER_TRY(device->request_adapter());
  FLETCHER_TRY(device->request_device());
  device->describe();
  return device;
}

Result<void> Device::request_adapter() {
  WGPUInstanceExtras extras{};
  extras.chain.sType = static_cast<WGPUSType>(WGPUSType_InstanceExtras);
  extras.backends = WGPUInstanceBackend_Primary;  // OpenGL's adapters lack what the shaders need
  WGPUInstanceDescriptor descriptor{};
  descriptor.nextInChain = &extras.chain;
  instance_.reset(api_.CreateInstance(&descriptor));
  if (instance_ == nullptr) return failed_precondition("webgpu backend: wgpu-native makes no instance");

  WGPURequestAdapterOptions options{};
  options.featureLevel = WGPUFeatureLevel_Core;
  options.powerPreference = WGPUPowerPreference_HighPerformance;
  Answer<WGPUAdapter> answer;
  WGPURequestAdapterCallbackInfo callback{};
  callback.mode = WGPUCallbackMode_AllowProcessEvents;
  callback.callback = take_answer<WGPURequestAdapterStatus, WGPUAdapter>;
  callback.userdata1 = &answer;
  api_.InstanceRequestAdapter(instance_.get(), &options, callback);
  if (answer.object == nullptr) {
    return failed_precondition("webgpu backend: no adapter, wanted one of a Vulkan, Metal or Direct3D 12 driver (" +
                               answer.message + ")");
  }
  adapter_.reset(answer.object);
  return {};
}

Result<void> Device::request_device() {
  WGPULimits offered{};
  if (api_.AdapterGetLimits(adapter_.get(), &offered) != WGPUStatus_Success) {
    return failed_precondition("webgpu backend: the adapter does not tell its limits");
  }
  // The rest stays at WebGPU's defaults, which every adapter has.
  WGPULimits wanted = WGPU_LIMITS_INIT;
  wanted.maxStorageBufferBindingSize = offered.maxStorageBufferBindingSize;
  wanted.maxBufferSize = offered.maxBufferSize;
  max_binding_bytes_ = std::min({wanted.maxStorageBufferBindingSize, wanted.maxBufferSize, kMostBindingBytes}) & ~3ULL;

  WGPUDeviceDescriptor descriptor{};
  descriptor.label = view_of("fletcher");
  descriptor.requiredLimits = &wanted;
  descriptor.deviceLostCallbackInfo.mode = WGPUCallbackMode_AllowSpontaneous;
  descriptor.deviceLostCallbackInfo.userdata1 = &failures_;
  descriptor.deviceLostCallbackInfo.callback = [](const WGPUDevice*, WGPUDeviceLostReason, WGPUStringView message,
                                                  void* userdata, void*) {
    auto& failures = *static_cast<Failures*>(userdata);
    const std::lock_guard lock(failures.mutex);
    failures.lost = one_line(text_of(message));
    if (failures.lost.empty()) failures.lost = "no reason given";
  };
  descriptor.uncapturedErrorCallbackInfo.userdata1 = &failures_;
  descriptor.uncapturedErrorCallbackInfo.callback = [](const WGPUDevice*, WGPUErrorType, WGPUStringView message,
                                                       void* userdata, void*) {
    auto& failures = *static_cast<Failures*>(userdata);
    const std::lock_guard lock(failures.mutex);
    if (failures.uncaptured.empty()) failures.uncaptured = one_line(text_of(message));
  };
  Answer<WGPUDevice> answer;
  WGPURequestDeviceCallbackInfo callback{};
  callback.mode = WGPUCallbackMode_AllowProcessEvents;
  callback.callback = take_answer<WGPURequestDeviceStatus, WGPUDevice>;
  callback.userdata1 = &answer;
  api_.AdapterRequestDevice(adapter_.get(), &descriptor, callback);
  if (answer.object == nullptr) {
    return failed_precondition("webgpu backend: the adapter gives no device (" + answer.message + ")");
  }
  device_.reset(answer.object);
  queue_.reset(api_.DeviceGetQueue(device_.get()));
  return {};
}

void Device::describe() {
  WGPUAdapterInfo info{};
  if (api_.AdapterGetInfo(adapter_.get(), &info) != WGPUStatus_Success) return;
  description_ = text_of(info.device) + ", " + interface_name(info.backendType);
  if (const std::string driver = text_of(info.description); !driver.empty()) description_ += ", " + driver;
  if (info.adapterType == WGPUAdapterType_CPU) max_loop_iterations_ = kSoftwareLoopIterations;
  api_.AdapterInfoFreeMembers(info);
}

Result<void> Device::health() const {
  const std::lock_guard lock(failures_.mutex);
  if (!failures_.lost.empty()) return unavailable("webgpu backend: the device is lost: " + failures_.lost);
  return {};
}

Result<void> Device::take_uncaptured() {
  const std::lock_guard lock(failures_.mutex);
  const std::string message = std::exchange(failures_.uncaptured, {});
  if (!message.empty()) return internal_error("webgpu backend: " + message);
  return {};
}

void Device::probe() {
  const Owned<WGPUCommandEncoder> encoder(api_.DeviceCreateCommandEncoder(device_.get(), nullptr),
                                          api_.CommandEncoderRelease);
}

Result<void> Device::submit(std::span<const WGPUCommandBuffer> commands) {
  FLETCHER_TRY(checked([&] { probe(); }));
  return checked([&] { api_.QueueSubmit(queue_.get(), commands.size(), commands.data()); });
}

Result<void> Device::checked(const std::function<void()>& calls) {
  const std::lock_guard lock(scopes_mutex_);
  FLETCHER_TRY(health());  // of a lost device every call would fail, each with a reason further from the cause
  for (const WGPUErrorFilter filter : kFilters) api_.DevicePushErrorScope(device_.get(), filter);
  calls();
  Result<void> first;
  for (size_t i = 0; i < kFilters.size(); ++i) {
    ScopeAnswer answer;
    WGPUPopErrorScopeCallbackInfo callback{};
    callback.mode = WGPUCallbackMode_AllowProcessEvents;
    callback.callback = take_scope;
    callback.userdata1 = &answer;
    api_.DevicePopErrorScope(device_.get(), callback);
    if (answer.type != WGPUErrorType_NoError && first) first = tl::unexpected<Error>(error_of(answer));
  }
  Result<void> uncaptured = take_uncaptured();
  if (!first || !uncaptured) probe();  // perhaps it is the loss of the device that they report
  FLETCHER_TRY(health());
  FLETCHER_TRY(first);
  return uncaptured;
}

Result<void> Device::wait(const std::atomic<bool>& done, std::chrono::milliseconds timeout) {
  const auto deadline = steady_clock::now() + timeout;
  for (microseconds pause = kShortestPause; !done; pause = std::min(2 * pause, kLongestPause)) {
    api_.DevicePoll(device_.get(), false, nullptr);
    if (done) break;
    FLETCHER_TRY(health());
    if (steady_clock::now() >= deadline) {
      return make_error(Code::deadline_exceeded,
                        "webgpu backend: the device did not finish within " + std::to_string(timeout.count()) + " ms");
    }
    std::this_thread::sleep_for(pause);
  }
  return {};
}

Result<Owned<WGPUBuffer>> Device::create_buffer(const WGPUBufferDescriptor& descriptor) {
  Owned<WGPUBuffer> buffer(nullptr, api_.BufferRelease);
  if (descriptor.size > max_binding_bytes_) {
    return resource_exhausted("webgpu backend: a buffer of " + std::to_string(descriptor.size) +
                              " bytes, this adapter binds at most " + std::to_string(max_binding_bytes_));
  }
  FLETCHER_TRY(checked([&] { buffer.reset(api_.DeviceCreateBuffer(handle(), &descriptor)); }));
  if (buffer == nullptr) {
    return resource_exhausted("webgpu backend: no room for " + std::to_string(descriptor.size) + " bytes");
  }
  return buffer;
}

Result<Owned<WGPUBuffer>> Device::make_buffer(uint64_t bytes, WGPUBufferUsage usage) {
  constexpr uint64_t kLeastBytes = 16;  // an empty buffer cannot be bound
  WGPUBufferDescriptor descriptor{};
  descriptor.usage = usage;
  descriptor.size = std::max(bytes, kLeastBytes);
  return create_buffer(descriptor);
}

Result<Owned<WGPUBuffer>> Device::upload(uint64_t count, const std::function<void(float*)>& fill) {
  WGPUBufferDescriptor descriptor{};
  descriptor.usage = WGPUBufferUsage_Storage;
  descriptor.size = count * sizeof(float);
  descriptor.mappedAtCreation = true;
  FLETCHER_TRY_ASSIGN(Owned<WGPUBuffer> buffer, create_buffer(descriptor));
  void* values = api_.BufferGetMappedRange(buffer.get(), 0, descriptor.size);
  if (values == nullptr) return internal_error("webgpu backend: a new buffer has no host memory to fill");
  fill(static_cast<float*>(values));
  FLETCHER_TRY(checked([&] { api_.BufferUnmap(buffer.get()); }));
  FLETCHER_TRY(submit({}));  // starts the copy, so that the host's side can go
  api_.DevicePoll(handle(), false, nullptr);
  return buffer;
}

}  // namespace fletcher::webgpu
