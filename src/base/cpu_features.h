// What the processor offers, as far as kernels care.
#pragma once

#include <cstdint>
#include <string>

namespace fletcher {

struct CpuFeatures {
  bool avx2_fma = false;  // AVX2, FMA and F16C, with operating-system support
  bool avx512 = false;    // F, BW, DQ, VL (and the above)
  bool avx512_vnni = false;
  bool avx512_bf16 = false;
  bool avx_vnni = false;
  bool amx_bf16 = false;
  bool amx_int8 = false;
  bool neon = false;  // AArch64, all of which have it
  bool neon_dotprod = false;
};

/// Read from cpuid and xgetbv, or from the auxiliary vector, once per call; all false on other architectures.
CpuFeatures detect_cpu_features();
/// Asks Linux for the tile registers of AMX, whose 8 KiB a thread it saves only for processes that want them. For the
/// whole process and threads to come; asking again is harmless. False where there are none or they are refused.
bool request_tile_registers();
/// The processor's brand string, or "unknown".
std::string cpu_model_name();

}  // namespace fletcher
