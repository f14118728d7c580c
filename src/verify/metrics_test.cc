#include "verify/metrics.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <vector>

namespace fletcher::verify {
namespace {

using Floats = std::vector<float>;
using Doubles = std::vector<double>;
using Grades = std::vector<int>;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr double kRounding = 1e-12;  // a handful of operations in double

TEST(Cosine, IsThatOfTheAngle) {
  EXPECT_NEAR(cosine(Floats{3, 4}, Floats{30, 40}), 1, kRounding);
  EXPECT_NEAR(cosine(Floats{1, 0}, Floats{0, 2}), 0, kRounding);
  EXPECT_NEAR(cosine(Floats{1, 1}, Floats{-1, -1}), -1, kRounding);
  EXPECT_NEAR(cosine(Floats{1, 0}, Floats{3, 4}), 0.6, kRounding);
}

TEST(Cosine, IsZeroWhereThereIsNoAngle) {
  EXPECT_EQ(cosine(Floats{0, 0}, Floats{1, 2}), 0);
  EXPECT_EQ(cosine(Floats{kNan, 1}, Floats{1, 2}), 0);
  EXPECT_EQ(cosine(Floats{kInfinity, 1}, Floats{1, 2}), 0);
}

TEST(MaxAbsDifference, FindsTheLargest) {
  EXPECT_EQ(max_abs_difference(Floats{1, -2, 3}, Floats{1.5, 1, 3}), 3);
  EXPECT_EQ(max_abs_difference(Floats{1, 2}, Floats{1, 2}), 0);
}

TEST(MaxAbsDifference, IsInfiniteForWhatIsNotFinite) {
  EXPECT_EQ(max_abs_difference(Floats{1, kNan, 3}, Floats{1, 2, 3}), kInfinity);
  EXPECT_EQ(max_abs_difference(Floats{kInfinity}, Floats{kInfinity}), kInfinity);
}

TEST(Spearman, DependsOnTheOrderAlone) {
  EXPECT_NEAR(spearman(Doubles{1, 2, 3, 4}, Doubles{0.1, 10, 100, 1e6}), 1, kRounding);
  EXPECT_NEAR(spearman(Doubles{1, 2, 3, 4}, Doubles{4, 3, 2, 1}), -1, kRounding);
  // Ranks 1 2 3 4 5 and 2 1 4 3 5: 1 - 6 * 4 / (5 * 24).
  EXPECT_NEAR(spearman(Doubles{1, 2, 3, 4, 5}, Doubles{20, 10, 40, 30, 50}), 0.8, kRounding);
}

// Ranks 1 2.5 2.5 4 and 1 2 3 4: 4.5 / sqrt(4.5 * 5), which is what scipy.stats.spearmanr gives too.
TEST(Spearman, GivesEqualValuesTheirMeanRank) {
  EXPECT_NEAR(spearman(Doubles{1, 2, 2, 3}, Doubles{1, 2, 3, 4}), 0.94868329805051377, kRounding);
  EXPECT_NEAR(spearman(Doubles{0, 0, 1, 1}, Doubles{1, 2, 3, 4}), 0.89442719099991586, kRounding);
}

TEST(Spearman, TakesInfinities) {
  EXPECT_NEAR(spearman(Doubles{-kInfinity, 0, kInfinity}, Doubles{1, 2, 3}), 1, kRounding);
}

TEST(Spearman, IsZeroForAConstantList) {
  EXPECT_EQ(spearman(Doubles{5, 5, 5}, Doubles{1, 2, 3}), 0);
  EXPECT_EQ(spearman(Doubles{}, Doubles{}), 0);
}

TEST(Ndcg, IsOneForTheBestOrder) {
  EXPECT_NEAR(ndcg(Grades{3, 2, 1, 0}, Grades{1, 2, 3}, 10), 1, kRounding);
  EXPECT_EQ(ndcg(Grades{0, 0}, Grades{3, 1}, 10), 0);
}

// (2^1 - 1) / log2(2) + (2^3 - 1) / log2(4) = 4.5 of 7 / log2(2) + 1 / log2(3) = 7.6309297535714575.
TEST(Ndcg, DiscountsByPlace) { EXPECT_NEAR(ndcg(Grades{1, 0, 3}, Grades{3, 1}, 10), 0.5897053, 1e-7); }

TEST(Ndcg, LooksNoFurtherThanTheCut) {
  EXPECT_EQ(ndcg(Grades{0, 0, 1}, Grades{1}, 2), 0);
  EXPECT_NEAR(ndcg(Grades{1, 1, 0}, Grades{1, 1, 1}, 2), 1, kRounding);
}

TEST(Ndcg, IsZeroWhereNothingIsRelevant) { EXPECT_EQ(ndcg(Grades{0, 0}, Grades{0}, 10), 0); }

}  // namespace
}  // namespace fletcher::verify
