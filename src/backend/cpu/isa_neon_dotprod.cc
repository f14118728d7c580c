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

constinit const Int8Kernels kNeonDotprodKernels{gemm_int8, quantize_rows, multiply_add_loop<Int8Dot>};

}  // namespace fletcher::cpu
FLETCHER_NEON_DOTPROD_END
#endif
