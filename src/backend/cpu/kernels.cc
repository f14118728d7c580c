#include "backend/cpu/kernels.h"

#include <vector>

#include "base/cpu_features.h"

namespace fletcher::cpu {
namespace {

Kernels with(Kernels kernels, std::string_view isa, const Int8Kernels& int8) {
  kernels.isa = isa;
  kernels.gemm_int8 = int8.gemm_int8;
  kernels.quantize_rows = int8.quantize_rows;
  kernels.int8_loop = int8.int8_loop;
  return kernels;
}

#if defined(FLETCHER_X86)
Kernels with(Kernels kernels, std::string_view isa, const Bf16Kernels& bf16) {
  kernels.isa = isa;
  kernels.gemm_bf16 = bf16.gemm_bf16;
  kernels.narrow_rows = bf16.narrow_rows;
  kernels.attention_bf16 = bf16.attention_bf16;
  kernels.bf16_loop = bf16.bf16_loop;
  kernels.exp2 = bf16.exp2;
  return kernels;
}

Kernels with(Kernels kernels, std::string_view isa, const TileKernels& tiles) {
  kernels.isa = isa;
  kernels.gemm_bf16 = tiles.gemm_bf16;
  kernels.bf16_loop = tiles.bf16_loop;
  return kernels;
}
#endif

std::vector<const Kernels*> find_usable() {
  std::vector<const Kernels*> usable = {&kScalarKernels};
#if defined(FLETCHER_X86)
  static const Kernels avx2_vnni = with(kAvx2Kernels, "avx2_vnni", kAvx2VnniKernels);
  static const Kernels avx512_vnni = with(kAvx512Kernels, "avx512_vnni", kAvx512VnniKernels);
  static const Kernels avx512_bf16 = with(avx512_vnni, "avx512_bf16", kAvx512Bf16Kernels);
  static const Kernels amx = with(with(avx512_bf16, "amx", kAmxInt8Kernels), "amx", kAmxBf16Kernels);
  const CpuFeatures features = detect_cpu_features();
  if (features.avx2_fma) usable.push_back(&kAvx2Kernels);
  if (features.avx_vnni) usable.push_back(&avx2_vnni);
  if (features.avx512) usable.push_back(&kAvx512Kernels);
  if (features.avx512_vnni) usable.push_back(&avx512_vnni);
  const bool bf16 = features.avx512_vnni && features.avx512_bf16, tiles = features.amx_int8 && features.amx_bf16;
  // Before avx512_bf16, which stays the choice: the tiles' logic is tested by emulation, but no processor has run them
  // yet. `--isa amx` does.
  if (bf16 && tiles && request_tile_registers()) usable.push_back(&amx);
  if (bf16) usable.push_back(&avx512_bf16);
#elif defined(FLETCHER_ARM64)
  static const Kernels neon_dotprod = with(kNeonKernels, "neon_dotprod", kNeonDotprodKernels);
  usable.push_back(&kNeonKernels);
  if (detect_cpu_features().neon_dotprod) usable.push_back(&neon_dotprod);
#endif
  return usable;
}

}  // namespace

std::span<const Kernels* const> usable_kernels() {
  static const std::vector<const Kernels*> usable = find_usable();
  return usable;
}

}  // namespace fletcher::cpu
