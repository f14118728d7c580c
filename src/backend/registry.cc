#include "backend/registry.h"

#include <utility>

#include "backend/cpu/cpu_backend.h"
#include "backend/reference/reference_backend.h"
#ifdef FLETCHER_WEBGPU
#include "backend/webgpu/webgpu_backend.h"
#endif

namespace fletcher {

std::span<const std::string_view> device_names() {
  static constexpr std::string_view kNames[] = {"auto", "cpu",
#ifdef FLETCHER_WEBGPU
                                                "webgpu",
#endif
                                                "reference"};
  return kNames;
}

Result<std::unique_ptr<Backend>> make_backend(const BackendOptions& options) {
  if (options.device == "auto" || options.device == "cpu") {
    return cpu::CpuBackend::create({.isa = options.isa, .pool = options.pool});
  }
  if (options.device == "reference") return make_reference_backend();
#ifdef FLETCHER_WEBGPU
  if (options.device == "webgpu") return webgpu::WebGpuBackend::create({});
#endif
  std::string message = "device \"" + std::string(options.device) + "\", this build has";
  for (const std::string_view name : device_names()) message += " " + std::string(name);
  return not_found(std::move(message));
}

}  // namespace fletcher
