#include "backend/cpu/bandwidth.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <new>
#include <string>
#include <thread>
#include <utility>

namespace fletcher::cpu {
namespace {

constexpr size_t kLineWords = 64 / sizeof(uint64_t);
constexpr int kPasses = 3;

/// The sum of `count` words, a multiple of kLineWords, in independent chains that the compiler turns into vectors.
uint64_t sum_words(const uint64_t* words, size_t count) {
  uint64_t sums[kLineWords] = {};
  for (size_t i = 0; i < count; i += kLineWords) {
    for (size_t k = 0; k < kLineWords; ++k) sums[k] += words[i + k];
  }
  uint64_t total = 0;
  for (const uint64_t sum : sums) total += sum;
  return total;
}

}  // namespace

size_t last_level_cache_bytes() {
  constexpr size_t kUnknown = size_t{32} << 20;
  size_t largest = 0;
  for (int index = 0; index < 8; ++index) {
    std::ifstream file("/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/size");
    size_t size = 0;
    char unit = 0;
    if (!(file >> size >> unit)) continue;
    largest = std::max(largest, size << (unit == 'K' ? 10 : unit == 'M' ? 20 : 0));
  }
  return largest > 0 ? largest : kUnknown;
}

Result<ReadBandwidth> ReadBandwidth::create(size_t threads, size_t bytes) {
  const size_t words = bytes / sizeof(uint64_t);
  std::unique_ptr<uint64_t[]> data(new (std::nothrow) uint64_t[words]);
  if (data == nullptr) {
    return resource_exhausted("no memory for " + std::to_string(bytes) + " bytes to measure the bandwidth with");
  }
  // Every page written: pages that were never written are all the same one of zeros.
  for (size_t i = 0; i < words; ++i) data[i] = i;
  return ReadBandwidth(threads, words, std::move(data));
}

ReadBandwidth::ReadBandwidth(size_t threads, size_t words, std::unique_ptr<uint64_t[]> data)
    : data_(std::move(data)), pool_(std::make_unique<ThreadPool>(threads)) {
  words_per_thread_ = words / pool_->num_threads() / kLineWords * kLineWords;
}

double ReadBandwidth::measure() {
  const size_t threads = pool_->num_threads();
  double best = 0;
  for (int pass = 0; pass < kPasses; ++pass) {
    std::atomic<size_t> arrived = 0;
    std::atomic<uint64_t> sink = 0;
    std::chrono::steady_clock::time_point start;
    pool_->parallel_for(threads, [&](size_t i, size_t) {
      if (++arrived == threads) start = std::chrono::steady_clock::now();
      while (arrived.load() < threads) std::this_thread::yield();  // so that every thread has one part
      sink += sum_words(data_.get() + i * words_per_thread_, words_per_thread_);
    });
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::max(best, static_cast<double>(threads * words_per_thread_ * sizeof(uint64_t)) / seconds.count());
  }
  return best;
}

}  // namespace fletcher::cpu
