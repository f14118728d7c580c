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
#include "backend/cpu/activation/activation.inc"
#include "backend/cpu/activation/kernels.inc"
#include "backend/cpu/gemm/tile.inc"
#include "backend/cpu/gemm/gemm.inc"
#include "backend/cpu/attention/attention.inc"
#include "backend/cpu/norm/norm.inc"
#include "backend/cpu/rows/rows.inc"
#include "backend/cpu/peak.inc"
// clang-format on

}  // namespace

const Kernels kAvx512Kernels{
    .isa = "avx512",
    .panel_columns = kPanel,
    .vector_columns = kWidth,
    .gemm = gemm,
    .attention = attention,
    .layer_norm = layer_norm,
    .l2_normalize = l2_normalize,
    .read_row = read_row,
    .sum_rows = sum_rows,
    .max_rows = max_rows,
    .activate = apply,
    .exp = exp_all,
    .multiply_add_loop = multiply_add_loop,
};

}  // namespace fletcher::cpu
FLETCHER_AVX512_END
#endif
