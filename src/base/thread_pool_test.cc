#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

namespace fletcher {
namespace {

TEST(ThreadPool, RunsEveryIndexOnce) {
  for (const size_t threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    for (const size_t count : {0, 1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> runs(count);
      pool.parallel_for(count, [&](size_t i, size_t) { ++runs[i]; });
      for (const auto& n : runs) ASSERT_EQ(n.load(), 1);
    }
  }
}

TEST(ThreadPool, GivesThreadNumbersThatAreNotSharedAtOneTime) {
  ThreadPool pool(3);
  std::array<std::atomic<int>, 3> inside{};
  std::atomic<bool> shared = false;
  pool.parallel_for(500, [&](size_t, size_t thread) {
    if (++inside[thread] != 1) shared = true;
    --inside[thread];
  });
  EXPECT_FALSE(shared.load());
}

TEST(ThreadPool, LetsSeveralCallersTakeTurns) {
  ThreadPool pool(2);
  std::atomic<int> total = 0;
  {
    std::vector<std::jthread> callers;
    for (int c = 0; c < 4; ++c) {
      callers.emplace_back([&] {
        for (int k = 0; k < 100; ++k) pool.parallel_for(10, [&](size_t, size_t) { ++total; });
      });
    }
  }
  EXPECT_EQ(total.load(), 4 * 100 * 10);
}

TEST(ThreadPool, SeesWhatTheCallerWroteBefore) {
  ThreadPool pool(2);
  std::vector<int> values(64);
  for (int round = 1; round < 200; ++round) {
    for (int& v : values) v = round;
    std::atomic<int> wrong = 0;
    pool.parallel_for(values.size(), [&](size_t i, size_t) { wrong += values[i] != round; });
    ASSERT_EQ(wrong.load(), 0);
  }
}

TEST(UsableThreads, IsAtLeastOne) { EXPECT_GE(usable_threads(), 1u); }

}  // namespace
}  // namespace fletcher
