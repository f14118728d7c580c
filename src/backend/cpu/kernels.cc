#include "backend/cpu/kernels.h"

#include <algorithm>
#include <array>

#include "base/cpu_features.h"

namespace fletcher::cpu {

std::span<const Kernels* const> usable_kernels() {
#if defined(FLETCHER_X86)
  // Ascending, and each set contains the one before: the usable ones are a prefix.
  static constexpr std::array kAll = {&kScalarKernels, &kAvx2Kernels, &kAvx512Kernels};
  const CpuFeatures features = detect_cpu_features();
  return std::span(kAll).first(features.avx512 ? 3 : features.avx2_fma ? 2 : 1);
#else
  static constexpr std::array kAll = {&kScalarKernels};
  return kAll;
#endif
}

}  // namespace fletcher::cpu
