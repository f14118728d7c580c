// The kernels for neon_dotprod: those of neon, with int8 products by sdot.

#include <cstdint>
#include <cstring>

#include "backend/cpu/kernels.h"

#if defined(FLETCHER_ARM64)
#include <arm_neon.h>

FLETCHER_NEON_DOTPROD_BEGIN
namespace fletcher::cpu {
namespace {

// clang-format off: in the order of their needs
#include "backend/cpu/vector/neon.inc"
#include "backend/cpu/vector/common.inc"
#include "backend/cpu/activation/fast_gelu.inc"
#include "backend/cpu/vector/int8_neon_dotprod.inc"
#include "backend/cpu/int8_kernels.inc"
// clang-format on

}  // namespace

Kernels neon_dotprod_kernels() {
  Kernels kernels = neon_kernels();
  kernels.isa = "neon_dotprod";
  kernels.gemm_int8 = gemm_int8;
  kernels.quantize_rows = quantize_rows;
  kernels.int8_loop = multiply_add_loop<Int8Dot>;
  return kernels;
}

}  // namespace fletcher::cpu
FLETCHER_NEON_DOTPROD_END
#endif
