#include "tokenizer/byte_trie.h"

#include <algorithm>
#include <bit>

namespace fletcher {

ByteTrie::ByteTrie(size_t expected_bytes) {
  // Shared beginnings leave about half as many edges as bytes (measured on BERT's vocabularies).
  const size_t capacity = std::bit_ceil(std::max<size_t>(64, expected_bytes));
  edges_.resize(capacity);
  shift_ = 64 - static_cast<unsigned>(std::countr_zero(capacity));
}

void ByteTrie::grow() {
  std::vector<Edge> old(2 * edges_.size());
  old.swap(edges_);
  --shift_;
  for (const Edge& edge : old) {
    if (edge.key != 0) edges_[slot_of(edge.key)] = edge;
  }
}

void ByteTrie::insert(std::string_view key, int32_t value) {
  Node node = kRoot;
  for (size_t i = 0; i < key.size(); ++i) {
    const uint64_t wanted = edge_key(node, static_cast<unsigned char>(key[i]));
    size_t slot = slot_of(wanted);
    if (edges_[slot].key == 0) {
      if (2 * ++edge_count_ > edges_.size()) {
        grow();
        slot = slot_of(wanted);
      }
      edges_[slot] = {wanted, next_node_++, -1};
    }
    if (i + 1 == key.size()) edges_[slot].value = value;
    node = edges_[slot].child;
  }
}

ByteTrie::Node ByteTrie::node_after(std::string_view prefix) const {
  Node node = kRoot;
  for (const char c : prefix) {
    node = edges_[slot_of(edge_key(node, static_cast<unsigned char>(c)))].child;
    if (node == kNone) break;
  }
  return node;
}

ByteTrie::Match ByteTrie::longest_match(Node node, std::string_view text) const {
  Match best;
  if (node == kNone) return best;
  for (size_t i = 0; i < text.size(); ++i) {
    const Edge& edge = edges_[slot_of(edge_key(node, static_cast<unsigned char>(text[i])))];
    if (edge.key == 0) break;
    if (edge.value >= 0) best = {i + 1, edge.value};
    node = edge.child;
  }
  return best;
}

}  // namespace fletcher
