// The kernels for avx512_bf16: those of avx512_vnni, and bf16 products and attention.

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

FLETCHER_AVX512_BF16_BEGIN
namespace fletcher::cpu {
namespace {

// clang-format off: in the order of their needs
#include "backend/cpu/vector/avx512.inc"
#include "backend/cpu/vector/common.inc"
#include "backend/cpu/activation/fast_gelu_avx512.inc"
#include "backend/cpu/vector/bf16_avx512.inc"
#include "backend/cpu/bf16_kernels.inc"
// clang-format on

}  // namespace

constinit const Bf16Kernels kAvx512Bf16Kernels{gemm_bf16, narrow_rows, attention_bf16, multiply_add_loop<Bf16Dot>,
                                               exp2_all};

}  // namespace fletcher::cpu
FLETCHER_AVX512_BF16_END
#endif
