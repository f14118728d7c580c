#include "base/cpu_features.h"

#include <gtest/gtest.h>

namespace fletcher {
namespace {

TEST(CpuFeatures, ImplyTheSetsThatTheyExtend) {
  const CpuFeatures features = detect_cpu_features();
  EXPECT_TRUE(features.avx2_fma || !(features.avx512 || features.avx_vnni));
  EXPECT_TRUE(features.avx512 || !(features.avx512_vnni || features.avx512_bf16));
}

#if defined(__x86_64__) && defined(__GNUC__)
TEST(CpuFeatures, AgreeWithTheCompilersRuntime) {
  const CpuFeatures features = detect_cpu_features();
  __builtin_cpu_init();
  EXPECT_EQ(features.avx2_fma, __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"));
  EXPECT_EQ(features.avx512, __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                                 __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"));
  EXPECT_EQ(features.avx512_vnni, features.avx512 && __builtin_cpu_supports("avx512vnni"));
}
#endif

#if defined(__aarch64__)
TEST(CpuFeatures, OfAArch64IncludeNeon) { EXPECT_TRUE(detect_cpu_features().neon); }
#endif

TEST(CpuFeatures, TileRegistersAreGrantedOnlyWhereTheyExist) {
  const CpuFeatures features = detect_cpu_features();
  const bool granted = request_tile_registers();
  EXPECT_TRUE(!granted || features.amx_bf16 || features.amx_int8);
  EXPECT_EQ(granted, request_tile_registers());
}

TEST(CpuModelName, IsNotEmpty) { EXPECT_FALSE(cpu_model_name().empty()); }

}  // namespace
}  // namespace fletcher
