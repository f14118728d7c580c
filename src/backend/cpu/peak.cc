#include "backend/cpu/peak.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "backend/cpu/kernels.h"
#include "base/thread_pool.h"

namespace fletcher::cpu {

Result<double> measure_peak_gflops(std::string_view isa, Precision precision, size_t threads) {
  const auto usable = usable_kernels();
  const auto found = std::ranges::find(usable, isa, &Kernels::isa);
  if (found == usable.end()) {
    return failed_precondition("this machine lacks the instruction set \"" + std::string(isa) + "\"");
  }
  const Kernels& kernels = **found;
  const auto loop = precision == Precision::f32    ? kernels.f32_loop
                    : precision == Precision::int8 ? kernels.int8_loop
                    : precision == Precision::bf16 ? kernels.bf16_loop
                                                   : nullptr;
  if (loop == nullptr) return unimplemented("cpu backend: no products of this precision with " + std::string(isa));
  constexpr size_t kRounds = 100'000;  // about half a millisecond: shorter than a time slice
  constexpr int kRuns = 20;
  ThreadPool pool(threads);
  double best = 0;
  for (int run = 0; run < kRuns; ++run) {
    std::vector<double> rates(pool.num_threads());
    std::atomic<size_t> arrived = 0;
    pool.parallel_for(rates.size(), [&](size_t i, size_t) {
      ++arrived;
      while (arrived.load() < rates.size()) std::this_thread::yield();  // so that every thread has one task
      const auto start = std::chrono::steady_clock::now();
      const double operations = loop(kRounds);
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
      rates[i] = operations / seconds.count() / 1e9;
    });
    double sum = 0;
    for (const double rate : rates) sum += rate;
    best = std::max(best, sum);
  }
  return best;
}

}  // namespace fletcher::cpu
