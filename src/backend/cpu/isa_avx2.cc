// The kernels for avx2: every .inc compiled in its words.

#include <cstdint>
#include <cstring>

#include "backend/cpu/kernels.h"

#if defined(FLETCHER_X86)
#include <immintrin.h>

FLETCHER_AVX2_BEGIN
namespace fletcher::cpu {
namespace {

// clang-format off: in the order of their needs
#include "backend/cpu/vector/avx2.inc"
#include "backend/cpu/vector/common.inc"
#include "backend/cpu/activation/fast_gelu.inc"
#include "backend/cpu/vector/int8_avx2.inc"
#include "backend/cpu/all_kernels.inc"
// clang-format on

}  // namespace

constinit const Kernels kAvx2Kernels = all_kernels("avx2");

}  // namespace fletcher::cpu
FLETCHER_AVX2_END
#endif
