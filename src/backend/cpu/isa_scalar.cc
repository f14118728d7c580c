// The kernels for scalar: every .inc compiled in its words.

#include <cstdint>
#include <cstring>

#include "backend/cpu/kernels.h"

namespace fletcher::cpu {
namespace {

// clang-format off: in the order of their needs
#include "backend/cpu/vector/scalar.inc"
#include "backend/cpu/vector/common.inc"
#include "backend/cpu/activation/fast_gelu.inc"
#include "backend/cpu/vector/int8_scalar.inc"
#include "backend/cpu/all_kernels.inc"
// clang-format on

}  // namespace

constinit const Kernels kScalarKernels = all_kernels("scalar");

}  // namespace fletcher::cpu
