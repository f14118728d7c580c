#include "backend/cpu/plan.h"

#include <gtest/gtest.h>

namespace fletcher::cpu {
namespace {

std::vector<int32_t> cumulative(const std::vector<int32_t>& lengths) {
  std::vector<int32_t> out = {0};
  for (const int32_t length : lengths) out.push_back(out.back() + length);
  return out;
}

struct Planned {
  std::vector<Chunk> chunks;
  double latest;
};

Planned plan(const std::vector<int32_t>& lengths, size_t threads, const Cost& cost = {.per_token = 1}) {
  Planned out;
  std::vector<double> loads;
  out.latest = plan_chunks(cumulative(lengths), cost, threads, out.chunks, loads);
  return out;
}

TEST(PlanChunks, DealsEverySequenceOut) {
  std::vector<int32_t> lengths;
  for (int32_t i = 0; i < 300; ++i) lengths.push_back(1 + i * 7919 % 61);
  for (const size_t threads : {1, 2, 3, 16}) {
    std::vector<int> dealt(lengths.size());
    for (const Chunk& chunk : plan(lengths, threads).chunks) {
      ASSERT_LT(chunk.first, chunk.last);
      for (size_t s = chunk.first; s < chunk.last; ++s) ++dealt[s];
    }
    EXPECT_EQ(dealt, std::vector<int>(lengths.size(), 1));
  }
}

TEST(PlanChunks, BalancesEqualSequences) {
  const Planned planned = plan(std::vector<int32_t>(512, 15), 2);
  EXPECT_LE(planned.latest, 1.02 * 512 * 15 / 2);
  for (const Chunk& chunk : planned.chunks) EXPECT_LE((chunk.last - chunk.first) * 15, kChunkTokens + 15);
}

TEST(PlanChunks, PutsTheMostExpensiveFirst) {
  const Planned planned = plan({10, 10, 400, 10, 10}, 2);
  EXPECT_EQ(planned.chunks[0].first, 2u);
  EXPECT_EQ(planned.chunks[0].last, 3u);
  EXPECT_EQ(planned.chunks[0].cost, 400);
}

TEST(PlanChunks, TellsThatOneTextKeepsOneThreadBusy) {
  EXPECT_EQ(plan({500}, 2).latest, 500);
  EXPECT_EQ(plan({500, 10}, 4).latest, 500);
}

TEST(PlanChunks, CountsAttentionBySquares) {
  const Cost cost{.per_token = 2, .per_pair = 0.5};
  EXPECT_EQ(cost.of(10), 70);
  EXPECT_EQ(plan({10, 10}, 2, cost).latest, 70);
}

}  // namespace
}  // namespace fletcher::cpu
