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

constinit const Int8Kernels kAmxInt8Kernels{tile_gemm_int8<AmxTiles>, quantize_rows,
                                            tile_loop<AmxTiles, Precision::int8>};
constinit const TileKernels kAmxBf16Kernels{tile_gemm_bf16<AmxTiles>, tile_loop<AmxTiles, Precision::bf16>};

}  // namespace fletcher::cpu
FLETCHER_AMX_END
#endif
