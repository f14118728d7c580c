#include "backend/webgpu/api.h"

#include <dlfcn.h>

namespace fletcher::webgpu {
namespace {

constexpr const char* kLibrary = "libwgpu_native.so";
constexpr uint32_t kVersion = 29;  // major, of the headers and of the library

std::string loader_error() {
  const char* message = dlerror();
  return message == nullptr ? "no reason given" : message;
}

template <typename Function>
Result<void> find(void* library, const char* name, Function& out) {
  void* address = dlsym(library, name);
  if (address == nullptr) return failed_precondition(std::string(kLibrary) + ": no function " + name);
  out = reinterpret_cast<Function>(address);
  return {};
}

}  // namespace

Result<Api> Api::load() {
  // Never closed: its threads and thread-local data would outlive it.
  void* library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return failed_precondition(
        "webgpu backend: cannot load wgpu-native: " + loader_error() +
        "; looked in lib/fletcher beside the program's folder, in LD_LIBRARY_PATH and in the system");
  }
  Api api;
#define FLETCHER_WGPU_FUNCTION(name) FLETCHER_TRY(find(library, "wgpu" #name, api.name));
#include "backend/webgpu/functions.inc"
#undef FLETCHER_WGPU_FUNCTION
  if (const uint32_t major = api.GetVersion() >> 24; major != kVersion) {
    return failed_precondition("webgpu backend: " + std::string(kLibrary) + " is version " + std::to_string(major) +
                               ", wanted " + std::to_string(kVersion));
  }
  return api;
}

}  // namespace fletcher::webgpu
