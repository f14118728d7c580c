// The kernels for neon: every .inc compiled in its words. Without a target region: AArch64 always has them.

#include <cstdint>
#include <cstring>

#include "backend/cpu/kernels.h"

#if defined(FLETCHER_ARM64)
#include <arm_neon.h>

namespace fletcher::cpu {
namespace {

// clang-format off: in the order of their needs
#include "backend/cpu/vector/neon.inc"
#include "backend/cpu/vector/common.inc"
#include "backend/cpu/activation/fast_gelu.inc"
#include "backend/cpu/vector/int8_neon.inc"
#include "backend/cpu/all_kernels.inc"
// clang-format on

}  // namespace

constinit const Kernels kNeonKernels = all_kernels("neon");

}  // namespace fletcher::cpu
#endif
