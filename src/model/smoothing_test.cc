#include "model/smoothing.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>

namespace fletcher {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// pow() twice and a division: a few units in the last place of f32.
constexpr float kTolerance = 1e-6f;

HostMatrix matrix(const std::vector<float>& values, size_t rows, size_t cols) {
  return {std::as_bytes(std::span(values)), DType::f32, rows, cols};
}

float wanted_scale(float half_range, float largest_weight) {
  return std::pow(half_range, 0.6f) / std::pow(largest_weight, 0.4f);
}

TEST(Smoothing, IsEmptyWithoutStatistics) {
  const std::vector<float> weights = {1, 2};
  const HostMatrix hosts[] = {matrix(weights, 1, 2)};
  const Smoothing smoothing = make_smoothing({}, hosts);
  EXPECT_THAT(smoothing.center, IsEmpty());
  EXPECT_THAT(smoothing.scale, IsEmpty());
}

TEST(Smoothing, MovesInputsToTheMiddleOfTheirRange) {
  const std::vector<float> weights = {1, 1, 1};
  const HostMatrix hosts[] = {matrix(weights, 1, 3)};
  const Smoothing smoothing = make_smoothing({{-1, 2, 5}, {3, 2, 6}}, hosts);
  EXPECT_THAT(smoothing.center, ElementsAre(1, 2, 5.5f));
}

TEST(Smoothing, DividesTheRangeBetweenInputsAndWeights) {
  const std::vector<float> first = {0.5f, -0.25f, 0.1f, 0.125f}, second = {-2, 0.01f};
  const HostMatrix hosts[] = {matrix(first, 2, 2), matrix(second, 1, 2)};  // largest: 2 and 0.25
  const Smoothing smoothing = make_smoothing({{-8, 0}, {8, 1}}, hosts);
  ASSERT_EQ(smoothing.scale.size(), 2u);
  EXPECT_NEAR(smoothing.scale[0], wanted_scale(8, 2), kTolerance);
  EXPECT_NEAR(smoothing.scale[1], wanted_scale(0.5f, 0.25f), kTolerance);
}

TEST(Smoothing, LeavesFeaturesThatNeverMoveOrAreNeverReadAsTheyAre) {
  const std::vector<float> weights = {1, 0};
  const HostMatrix hosts[] = {matrix(weights, 1, 2)};
  const Smoothing smoothing = make_smoothing({{3, -1}, {3, 1}}, hosts);
  EXPECT_THAT(smoothing.scale, ElementsAre(1, 1));
  EXPECT_THAT(smoothing.center, ElementsAre(3, 0));
}

TEST(Smoothing, ReadsWeightsAsTheyAreStored) {
  // 0.5 and -2, after a byte so that they are aligned to nothing.
  for (const auto& [dtype, half, minus_two] : {std::tuple(DType::f16, uint16_t{0x3800}, uint16_t{0xC000}),
                                               {DType::bf16, uint16_t{0x3F00}, uint16_t{0xC000}}}) {
    std::byte stored[5] = {};
    std::memcpy(stored + 1, &half, sizeof half);
    std::memcpy(stored + 3, &minus_two, sizeof minus_two);
    const HostMatrix hosts[] = {{std::span(stored).subspan(1), dtype, 1, 2}};
    const Smoothing smoothing = make_smoothing({{-1, -1}, {1, 1}}, hosts);
    EXPECT_NEAR(smoothing.scale[0], wanted_scale(1, 0.5f), kTolerance) << dtype_name(dtype);
    EXPECT_NEAR(smoothing.scale[1], wanted_scale(1, 2), kTolerance) << dtype_name(dtype);
  }
}

}  // namespace
}  // namespace fletcher
