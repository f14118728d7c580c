#include "backend/cpu/kernels.h"

#include <vector>

#include "base/cpu_features.h"

namespace fletcher::cpu {
namespace {

std::vector<const Kernels*> find_usable() {
  static const Kernels scalar = scalar_kernels();
  std::vector<const Kernels*> usable = {&scalar};
#if defined(FLETCHER_X86)
  static const Kernels avx2 = avx2_kernels(), avx2_vnni = avx2_vnni_kernels(), avx512 = avx512_kernels(),
                       avx512_vnni = avx512_vnni_kernels(), avx512_bf16 = avx512_bf16_kernels(), amx = amx_kernels();
  const CpuFeatures features = detect_cpu_features();
  if (features.avx2_fma) usable.push_back(&avx2);
  if (features.avx_vnni) usable.push_back(&avx2_vnni);
  if (features.avx512) usable.push_back(&avx512);
  if (features.avx512_vnni) usable.push_back(&avx512_vnni);
  if (features.avx512_vnni && features.avx512_bf16) usable.push_back(&avx512_bf16);
  const bool tiles = features.amx_int8 && features.amx_bf16;
  if (features.avx512_vnni && features.avx512_bf16 && tiles && request_tile_registers()) usable.push_back(&amx);
#elif defined(FLETCHER_ARM64)
  static const Kernels neon = neon_kernels(), neon_dotprod = neon_dotprod_kernels();
  usable.push_back(&neon);
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
