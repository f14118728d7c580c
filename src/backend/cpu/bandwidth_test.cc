#include "backend/cpu/bandwidth.h"

#include <gtest/gtest.h>

namespace fletcher::cpu {
namespace {

TEST(ReadBandwidth, IsThatOfAMachine) {
  auto reads = ReadBandwidth::create(2, size_t{8} << 20);
  ASSERT_TRUE(reads);
  const double rate = reads->measure();
  EXPECT_GT(rate, 1e7);  // emulators and sanitizers are slow
  EXPECT_LT(rate, 1e14);
}

TEST(ReadBandwidth, SaysWhenThereIsNoMemory) {
  const auto reads = ReadBandwidth::create(1, size_t{1} << 62);
  ASSERT_FALSE(reads);
  EXPECT_EQ(reads.error().code, Code::resource_exhausted);
}

TEST(LastLevelCache, IsLargerThanAFirstLevelCache) {
  EXPECT_GE(last_level_cache_bytes(), size_t{256} << 10);
  EXPECT_LT(last_level_cache_bytes(), size_t{64} << 30);
}

}  // namespace
}  // namespace fletcher::cpu
