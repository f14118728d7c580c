// Element types of tensors: those of the safetensors format, of which kernels use a few.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fletcher {

enum class DType : uint8_t { f64, f32, f16, bf16, f8_e4m3, f8_e5m2, i64, i32, i16, i8, u64, u32, u16, u8, boolean };

/// Bytes of one element.
constexpr size_t dtype_size(DType dtype) {
  switch (dtype) {
    case DType::f64:
    case DType::i64:
    case DType::u64:
      return 8;
    case DType::f32:
    case DType::i32:
    case DType::u32:
      return 4;
    case DType::f16:
    case DType::bf16:
    case DType::i16:
    case DType::u16:
      return 2;
    default:
      return 1;
  }
}

/// The spelling of the safetensors format, such as "BF16".
std::string_view dtype_name(DType dtype);
/// The reverse of dtype_name.
std::optional<DType> dtype_from_name(std::string_view name);

/// One IEEE half, or bfloat16, as f32 (exact).
float f16_to_f32(uint16_t bits);
inline float bf16_to_f32(uint16_t bits) { return __builtin_bit_cast(float, static_cast<uint32_t>(bits) << 16); }

}  // namespace fletcher
