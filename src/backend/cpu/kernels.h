// The dispatch table: everything whose code depends on the instruction set, one table for each.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "backend/cpu/activation/activation.h"
#include "backend/cpu/attention/attention.h"
#include "backend/cpu/gemm/gemm.h"
#include "backend/cpu/norm/norm.h"
#include "backend/cpu/rows/rows.h"
#include "backend/cpu/target.h"

namespace fletcher::cpu {

struct Kernels {
  std::string_view isa;  // as `--isa` and FLETCHER_ISA spell it
  size_t panel_columns;  // of GemmArgs::panels
  size_t vector_columns;
  void (*gemm_f32)(const GemmArgs&);
  void (*gemm_int8)(const GemmArgs&);
  void (*quantize_rows)(const QuantizeArgs&);
  void (*attention)(const AttentionArgs&);
  void (*layer_norm)(const NormArgs&);
  void (*l2_normalize)(float* x, size_t n);
  /// out = (add ? out : 0) + the n values at `in`, f32, f16 or bf16 at any address.
  void (*read_row)(DType dtype, const std::byte* in, size_t n, float* out, bool add);
  void (*sum_rows)(const RowSumArgs&);
  /// out = the highest of each column; rows >= 1.
  void (*max_rows)(const float* in, size_t ldi, size_t rows, size_t cols, float* out);
  /// x = act(x), x = gelu(x) as products of bf16 and int8 have it, x = exp(x) for x <= 0: what the kernels inline, for
  /// tests.
  void (*activate)(ActivationKind act, float* x, size_t n);
  void (*fast_gelu)(float* x, size_t n);
  void (*exp)(float* x, size_t n);
  /// See peak.h. By Precision: f32, bf16, int8.
  double (*f32_loop)(size_t rounds);
  double (*int8_loop)(size_t rounds);
  // bf16: null where the processor has no instructions for it.
  void (*gemm_bf16)(const GemmArgs&) = nullptr;
  void (*narrow_rows)(const NarrowArgs&) = nullptr;
  void (*attention_bf16)(const AttentionArgs&) = nullptr;
  double (*bf16_loop)(size_t rounds) = nullptr;
  /// x = 2^x as attention_bf16 has it, for tests.
  void (*exp2)(float* x, size_t n) = nullptr;
};

/// What an instruction set changes of the table it starts from.
struct Int8Kernels {
  void (*gemm_int8)(const GemmArgs&);
  void (*quantize_rows)(const QuantizeArgs&);
  double (*int8_loop)(size_t rounds);
};
struct Bf16Kernels {
  void (*gemm_bf16)(const GemmArgs&);
  void (*narrow_rows)(const NarrowArgs&);
  void (*attention_bf16)(const AttentionArgs&);
  double (*bf16_loop)(size_t rounds);
  void (*exp2)(float* x, size_t n);
};
struct TileKernels {
  void (*gemm_bf16)(const GemmArgs&);
  double (*bf16_loop)(size_t rounds);
};

// Constants, all of them: the code of an instruction set must not run to say that it is there. kernels.cc puts the
// tables together.
extern constinit const Kernels kScalarKernels;
#if defined(FLETCHER_X86)
extern constinit const Kernels kAvx2Kernels;
extern constinit const Kernels kAvx512Kernels;
extern constinit const Int8Kernels kAvx2VnniKernels;
extern constinit const Int8Kernels kAvx512VnniKernels;
extern constinit const Int8Kernels kAmxInt8Kernels;
extern constinit const Bf16Kernels kAvx512Bf16Kernels;
extern constinit const TileKernels kAmxBf16Kernels;
#elif defined(FLETCHER_ARM64)
extern constinit const Kernels kNeonKernels;
extern constinit const Int8Kernels kNeonDotprodKernels;
#endif

/// The tables that this processor can run, the one to choose last; never empty.
std::span<const Kernels* const> usable_kernels();

}  // namespace fletcher::cpu
