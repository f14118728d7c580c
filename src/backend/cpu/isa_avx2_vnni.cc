// The kernels for avx2_vnni: those of avx2, with int8 products by vpdpbusd.

#include <cstdint>
#include <cstring>

#include "backend/cpu/kernels.h"

#if defined(FLETCHER_X86)
#include <immintrin.h>

FLETCHER_AVX2_VNNI_BEGIN
namespace fletcher::cpu {
namespace {

// clang-format off: in the order of their needs
#include "backend/cpu/vector/avx2.inc"
#include "backend/cpu/vector/common.inc"
#include "backend/cpu/activation/fast_gelu.inc"
#include "backend/cpu/vector/int8_avx2_vnni.inc"
#include "backend/cpu/int8_kernels.inc"
// clang-format on

}  // namespace

constinit const Int8Kernels kAvx2VnniKernels{gemm_int8, quantize_rows, multiply_add_loop<Int8Dot>};

}  // namespace fletcher::cpu
FLETCHER_AVX2_VNNI_END
#endif
