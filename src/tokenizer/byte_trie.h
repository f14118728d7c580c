// A trie over bytes with all its edges in one hash table: what finds the longest entry of a vocabulary in a text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace fletcher {

/// Immutable once filled, then thread-safe.
class ByteTrie {
 public:
  using Node = uint32_t;
  static constexpr Node kNone = 0;
  static constexpr Node kRoot = 1;

  /// `expected_bytes`: of all keys; saves growing, does not limit.
  explicit ByteTrie(size_t expected_bytes = 0);

  /// `value` must not be negative. Of equal keys the last wins; an empty key is never found.
  void insert(std::string_view key, int32_t value);

  /// Where the keys that begin with `prefix` go on; kNone if there are none.
  Node node_after(std::string_view prefix) const;

  struct Match {
    size_t length = 0;   // bytes of the text
    int32_t value = -1;  // -1 where no key matches
  };
  /// The longest rest of a key, from `node` on, that `text` starts with. Reads at most the longest key's length.
  Match longest_match(Node node, std::string_view text) const;

 private:
  struct Edge {
    uint64_t key = 0;  // parent node and byte; 0 is an empty slot, for nodes count from 1
    Node child = kNone;
    int32_t value = -1;  // of the key that ends here
  };
  static uint64_t edge_key(Node node, unsigned char byte) { return static_cast<uint64_t>(node) << 8 | byte; }
  /// The slot of an edge, or the empty slot where it belongs. The multiplier spreads as the golden ratio (Knuth, TAOCP
  /// 3, 6.4).
  size_t slot_of(uint64_t key) const {
    size_t slot = (key * 0x9E3779B97F4A7C15u) >> shift_;
    while (edges_[slot].key != key && edges_[slot].key != 0) slot = (slot + 1) & (edges_.size() - 1);
    return slot;
  }
  void grow();

  std::vector<Edge> edges_;  // open addressing, at most half full, a power of two
  unsigned shift_ = 0;
  size_t edge_count_ = 0;
  Node next_node_ = kRoot + 1;
};

}  // namespace fletcher
