// The kernels for amx: those of avx512_bf16, with bf16 and int8 products by tiles.

#include <cstdint>
#include <cstring>

#include "backend/cpu/gemm/amx.h"
#include "backend/cpu/kernels.h"

#if defined(FLETCHER_X86)
#if !defined(__clang__)
// The intrinsics pass an undefined register through on purpose (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

FLETCHER_AMX_BEGIN
namespace fletcher::cpu {
namespace {

// clang-format off: in the order of their needs
#include "backend/cpu/vector/avx512.inc"
#include "backend/cpu/vector/common.inc"
#include "backend/cpu/activation/fast_gelu_avx512.inc"
#include "backend/cpu/vector/int8_avx512_vnni.inc"
#include "backend/cpu/vector/tiles_amx.inc"
#include "backend/cpu/activation/activation.inc"
#include "backend/cpu/gemm/tile.inc"
#include "backend/cpu/gemm/gemm.inc"
#include "backend/cpu/gemm/gemm_int8.inc"
#include "backend/cpu/gemm/amx.inc"
// clang-format on

}  // namespace

Kernels amx_kernels() {
  Kernels kernels = avx512_bf16_kernels();
  kernels.isa = "amx";
  kernels.gemm_int8 = tile_gemm_int8<AmxTiles>;
  kernels.quantize_rows = quantize_rows;
  kernels.gemm_bf16 = tile_gemm_bf16<AmxTiles>;
  kernels.int8_loop = tile_loop<AmxTiles, Precision::int8>;
  kernels.bf16_loop = tile_loop<AmxTiles, Precision::bf16>;
  return kernels;
}

}  // namespace fletcher::cpu
FLETCHER_AMX_END
#endif
