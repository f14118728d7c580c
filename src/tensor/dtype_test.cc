#include "tensor/dtype.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

namespace fletcher {
namespace {

TEST(DType, SpeaksTheNamesOfSafetensors) {
  const std::pair<std::string_view, size_t> names_and_sizes[] = {
      {"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"I64", 8}, {"I32", 4},
      {"I16", 2}, {"I8", 1},  {"U64", 8}, {"U32", 4},  {"U16", 2},     {"U8", 1},      {"BOOL", 1}};
  for (const auto& [name, size] : names_and_sizes) {
    const auto dtype = dtype_from_name(name);
    ASSERT_TRUE(dtype) << name;
    EXPECT_EQ(dtype_name(*dtype), name);
    EXPECT_EQ(dtype_size(*dtype), size) << name;
  }
}

TEST(DType, KnowsNoOtherName) {
  for (const std::string_view name : {"", "f32", "F3", "F32 ", "FP32", "C64"})
    EXPECT_FALSE(dtype_from_name(name)) << name;
}

TEST(F16, WidensExactly) {
  EXPECT_EQ(f16_to_f32(0x3C00), 1.0f);
  EXPECT_EQ(f16_to_f32(0xC000), -2.0f);
  EXPECT_EQ(f16_to_f32(0x3555), 0.333251953125f);
  EXPECT_EQ(f16_to_f32(0x7BFF), 65504.0f);  // the largest
  EXPECT_EQ(f16_to_f32(0x0400), 0x1p-14f);  // the smallest normal one
}

TEST(F16, WidensSubnormalsZerosAndWhatIsNotFinite) {
  EXPECT_EQ(f16_to_f32(0x0001), 0x1p-24f);
  EXPECT_EQ(f16_to_f32(0x83FF), -1023 * 0x1p-24f);
  EXPECT_FALSE(std::signbit(f16_to_f32(0x0000)));
  EXPECT_TRUE(std::signbit(f16_to_f32(0x8000)));
  EXPECT_EQ(f16_to_f32(0xFC00), -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(f16_to_f32(0x7E00)));
}

#if defined(__FLT16_MAX__)
#if defined(__aarch64__)
using Half = __fp16;  // GCC 12 knows _Float16 in C++ on x86-64 alone
#else
using Half = _Float16;
#endif

TEST(F16, AgreesWithTheCompilerOnEveryValue) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto narrow = static_cast<uint16_t>(bits);
    Half wanted;
    std::memcpy(&wanted, &narrow, sizeof narrow);
    const float wide = static_cast<float>(wanted), seen = f16_to_f32(narrow);
    if (std::isnan(wide)) {
      ASSERT_TRUE(std::isnan(seen)) << bits;
    } else {
      ASSERT_EQ(seen, wide) << bits;
      ASSERT_EQ(std::signbit(seen), std::signbit(wide)) << bits;
    }
  }
}
#endif

TEST(Bf16, IsTheUpperHalfOfAnF32) {
  EXPECT_EQ(bf16_to_f32(0x3F80), 1.0f);
  EXPECT_EQ(bf16_to_f32(0xC040), -3.0f);
  EXPECT_EQ(bf16_to_f32(0x0001), 0x1p-133f);  // a subnormal
  EXPECT_EQ(bf16_to_f32(0x7F80), std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(bf16_to_f32(0x7FC0)));
}

}  // namespace
}  // namespace fletcher
