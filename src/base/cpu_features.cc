#include "base/cpu_features.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

#include <cstring>
#elif defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif
#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace fletcher {

#if defined(__x86_64__)
namespace {

struct Registers {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(unsigned leaf, unsigned subleaf = 0) {
  Registers r;
  __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);
  return r;
}

constexpr bool bit(unsigned value, unsigned n) { return (value >> n & 1) != 0; }

/// The register sets that the operating system saves on a context switch (XCR0).
__attribute__((target("xsave"))) uint64_t saved_state() { return _xgetbv(0); }

}  // namespace

// Bits: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2A, CPUID; volume 1, 13.1 for XCR0.
CpuFeatures detect_cpu_features() {
  CpuFeatures features;
  const Registers basic = cpuid(1);
  if (!bit(basic.ecx, 27)) return features;  // OSXSAVE
  constexpr uint64_t kAvxState = 0x6, kAvx512State = 0xE6, kTileState = 0x60000;
  const uint64_t saved = saved_state();
  const Registers extended = cpuid(7), extended1 = cpuid(7, 1);
  if ((saved & kAvxState) != kAvxState) return features;
  features.avx2_fma = bit(basic.ecx, 12) && bit(basic.ecx, 29) && bit(extended.ebx, 5);
  features.avx_vnni = features.avx2_fma && bit(extended1.eax, 4);
  if ((saved & kAvx512State) == kAvx512State) {
    features.avx512 = features.avx2_fma && bit(extended.ebx, 16) && bit(extended.ebx, 17) && bit(extended.ebx, 30) &&
                      bit(extended.ebx, 31);
    features.avx512_vnni = features.avx512 && bit(extended.ecx, 11);
    features.avx512_bf16 = features.avx512 && bit(extended1.eax, 5);
  }
  if ((saved & kTileState) == kTileState) {
    features.amx_bf16 = bit(extended.edx, 24) && bit(extended.edx, 22);
    features.amx_int8 = bit(extended.edx, 24) && bit(extended.edx, 25);
  }
  return features;
}

std::string cpu_model_name() {
  if (cpuid(0x80000000).eax < 0x80000004) return "unknown";
  char name[49] = {};
  for (unsigned i = 0; i < 3; ++i) {
    const Registers r = cpuid(0x80000002 + i);
    std::memcpy(name + 16 * i, &r, 16);
  }
  const std::string text(name);
  const size_t first = text.find_first_not_of(' ');
  return first == std::string::npos ? "unknown" : text.substr(first);
}

#else

CpuFeatures detect_cpu_features() {
  CpuFeatures features;
#if defined(__aarch64__) && defined(__linux__)
  features.neon = true;
  features.neon_dotprod = (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#endif
  return features;
}

std::string cpu_model_name() { return "unknown"; }

#endif

bool request_tile_registers() {
#if defined(__x86_64__) && defined(__linux__)
  // Linux: Documentation/arch/x86/xstate.rst.
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

}  // namespace fletcher
