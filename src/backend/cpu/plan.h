// How a batch is divided over threads.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace fletcher::cpu {

/// What a forward pass costs: a sequence of L tokens takes per_token·L + per_pair·L².
struct Cost {
  double per_token = 0;
  double per_pair = 0;
  double of(size_t length) const {
    const auto n = static_cast<double>(length);
    return n * (per_token + n * per_pair);
  }
};

/// Whole sequences [first, last), for one thread to carry through all ops.
struct Chunk {
  size_t first = 0;
  size_t last = 0;
  double cost = 0;
};

// Activations of a chunk this large stay in the second-level cache between ops, weights are read once per chunk.
constexpr size_t kChunkTokens = 96;

/// Divides sequences (cu_seqlens [n + 1]) into chunks of consecutive ones: of about kChunkTokens, of nearly equal cost,
/// a whole number per thread where possible. Writes them most expensive first and returns the time until the last of
/// `threads` is done when each takes the next chunk as it gets free, in the unit of cost.
/// `loads` is memory to work in.
double plan_chunks(std::span<const int32_t> cu_seqlens, const Cost& cost, size_t threads, std::vector<Chunk>& chunks,
                   std::vector<double>& loads);

}  // namespace fletcher::cpu
