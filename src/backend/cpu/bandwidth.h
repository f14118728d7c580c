// What products of few rows are measured against: how fast memory delivers weights that no cache holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/result.h"
#include "base/thread_pool.h"

namespace fletcher::cpu {

/// Bytes of the largest cache that the system reports, or 32 MiB where it reports none.
size_t last_level_cache_bytes();

/// Reads a buffer of several times the last-level cache, again and again. Not thread-safe.
class ReadBandwidth {
 public:
  /// RESOURCE_EXHAUSTED if there is no memory for `bytes`, of which every thread reads an equal part.
  static Result<ReadBandwidth> create(size_t threads, size_t bytes);

  /// Bytes per second of all threads together, each reading all of its part, in one stream or in a few: the best of
  /// several passes (20 ms in all), so that it holds at the moment's clock rates.
  double measure();

 private:
  using Pattern = uint64_t (*)(const uint64_t* words, size_t count);

  ReadBandwidth(size_t threads, size_t words, std::unique_ptr<uint64_t[]> data);
  double read_once(Pattern pattern);

  size_t words_per_thread_;
  std::unique_ptr<uint64_t[]> data_;
  std::unique_ptr<ThreadPool> pool_;
};

}  // namespace fletcher::cpu
