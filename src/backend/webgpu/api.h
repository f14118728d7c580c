// wgpu-native's functions, found in its shared library when a device is opened: Fletcher runs without the library.
#pragma once

#include <webgpu/wgpu.h>

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/result.h"

namespace fletcher::webgpu {

/// Pointers to the functions of functions.inc, spelled as in webgpu.h after the prefix wgpu. Immutable after load.
struct Api {
#define FLETCHER_WGPU_FUNCTION(name) decltype(&::wgpu##name) name = nullptr;
#include "backend/webgpu/functions.inc"
#undef FLETCHER_WGPU_FUNCTION

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
