#include "backend/cpu/plan.h"

#include <algorithm>

namespace fletcher::cpu {

double plan_chunks(std::span<const int32_t> cu_seqlens, const Cost& cost, size_t threads, std::vector<Chunk>& chunks,
                   std::vector<double>& loads) {
  const size_t sequences = cu_seqlens.size() - 1;
  const auto length = [&](size_t s) { return static_cast<size_t>(cu_seqlens[s + 1] - cu_seqlens[s]); };
  double rest = 0;
  for (size_t s = 0; s < sequences; ++s) rest += cost.of(length(s));
  const auto tokens = static_cast<size_t>(cu_seqlens[sequences]);
  // Half a chunk's tokens are enough to be efficient, and a second round evens out what a busy machine takes away.
  size_t rounds = (tokens + threads * kChunkTokens - 1) / (threads * kChunkTokens);
  if (rounds == 1 && threads > 1 && tokens >= threads * kChunkTokens) rounds = 2;
  size_t left = std::max<size_t>(1, rounds) * threads;

  chunks.clear();
  chunks.reserve(sequences);  // then no batch of fewer sequences allocates
  for (size_t s = 0; s < sequences;) {
    Chunk chunk{s, s, 0};
    const double share = rest / static_cast<double>(std::max<size_t>(left, 1));
    while (s < sequences) {
      const double more = cost.of(length(s));
      if (chunk.last > chunk.first && chunk.cost + more / 2 > share) break;  // nearer without it
      chunk.cost += more;
      chunk.last = ++s;
    }
    rest -= chunk.cost;
    left -= left > 0 ? 1 : 0;
    chunks.push_back(chunk);
  }
  std::ranges::sort(
      chunks, [](const Chunk& a, const Chunk& b) { return a.cost != b.cost ? a.cost > b.cost : a.first < b.first; });
  loads.assign(threads, 0);
  for (const Chunk& chunk : chunks) *std::ranges::min_element(loads) += chunk.cost;
  return *std::ranges::max_element(loads);
}

}  // namespace fletcher::cpu
