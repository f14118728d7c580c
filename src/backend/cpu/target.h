// Compiles the code between BEGIN and END for an instruction set, and nothing else of the program: per-file -m flags
// would leak into inline functions of the standard library that the linker then shares with everyone, and crash older
// processors. Include every header before the region.
#pragma once

#define FLETCHER_PRAGMA(tokens) _Pragma(#tokens)
#if defined(__clang__)
#define FLETCHER_TARGET_BEGIN(features) \
  FLETCHER_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define FLETCHER_TARGET_END FLETCHER_PRAGMA(clang attribute pop)
#else
#define FLETCHER_TARGET_BEGIN(features) FLETCHER_PRAGMA(GCC push_options) FLETCHER_PRAGMA(GCC target features)
#define FLETCHER_TARGET_END FLETCHER_PRAGMA(GCC pop_options)
#endif

#if defined(__x86_64__)
#define FLETCHER_X86 1
#define FLETCHER_AVX2_BEGIN FLETCHER_TARGET_BEGIN("avx2,fma,f16c")
#define FLETCHER_AVX2_END FLETCHER_TARGET_END
#define FLETCHER_AVX512_BEGIN FLETCHER_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")
#define FLETCHER_AVX512_END FLETCHER_TARGET_END
#define FLETCHER_AVX2_VNNI_BEGIN FLETCHER_TARGET_BEGIN("avxvnni,avx2,fma,f16c")
#define FLETCHER_AVX2_VNNI_END FLETCHER_TARGET_END
#define FLETCHER_AVX512_VNNI_BEGIN FLETCHER_TARGET_BEGIN("avx512vnni,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")
#define FLETCHER_AVX512_VNNI_END FLETCHER_TARGET_END
#define FLETCHER_AVX512_BF16_BEGIN \
  FLETCHER_TARGET_BEGIN("avx512bf16,avx512vnni,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")
#define FLETCHER_AVX512_BF16_END FLETCHER_TARGET_END
#define FLETCHER_AMX_BEGIN \
  FLETCHER_TARGET_BEGIN(   \
      "amx-tile,amx-int8,amx-bf16,avx512bf16,avx512vnni,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")
#define FLETCHER_AMX_END FLETCHER_TARGET_END
#elif defined(__aarch64__) && defined(__linux__)
#define FLETCHER_ARM64 1
// What has dot products is an ARMv8.2 at least, and GCC's intrinsics for them say so.
#define FLETCHER_NEON_DOTPROD_BEGIN FLETCHER_TARGET_BEGIN("arch=armv8.2-a+dotprod")
#define FLETCHER_NEON_DOTPROD_END FLETCHER_TARGET_END
#endif

/// For helpers that must be part of their caller's loop: registers do not survive a call.
#define FLETCHER_INLINE inline __attribute__((always_inline))
