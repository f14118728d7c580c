// The kernels for avx512_vnni: those of avx512, with int8 products by vpdpbusd.

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

FLETCHER_AVX512_VNNI_BEGIN
namespace fletcher::cpu {
namespace {

// clang-format off: in the order of their needs
#include "backend/cpu/vector/avx512.inc"
#include "backend/cpu/vector/common.inc"
#include "backend/cpu/activation/fast_gelu_avx512.inc"
#include "backend/cpu/vector/int8_avx512_vnni.inc"
#include "backend/cpu/int8_kernels.inc"
// clang-format on

}  // namespace

constinit const Int8Kernels kAvx512VnniKernels{gemm_int8, quantize_rows, multiply_add_loop<Int8Dot>};

}  // namespace fletcher::cpu
FLETCHER_AVX512_VNNI_END
#endif
