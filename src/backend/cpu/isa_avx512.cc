// The kernels for avx512: every .inc compiled in its words.

#include <cstdint>
#include <cstring>

#include "backend/cpu/kernels.h"

#if defined(FLETCHER_X86)
#if !defined(__clang__)
// The intrinsics pass an undefined register through on purpose (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

FLETCHER_AVX512_BEGIN
namespace fletcher::cpu {
namespace {

// clang-format off: in the order of their needs
#include "backend/cpu/vector/avx512.inc"
#include "backend/cpu/vector/common.inc"
#include "backend/cpu/activation/fast_gelu_avx512.inc"
#include "backend/cpu/vector/int8_avx512.inc"
#include "backend/cpu/all_kernels.inc"
// clang-format on

}  // namespace

constinit const Kernels kAvx512Kernels = all_kernels("avx512");

}  // namespace fletcher::cpu
FLETCHER_AVX512_END
#endif
