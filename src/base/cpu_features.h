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
};

/// Read from cpuid and xgetbv once per call; all false on other architectures.
CpuFeatures detect_cpu_features();
/// The processor's brand string, or "unknown".
std::string cpu_model_name();

}  // namespace fletcher
