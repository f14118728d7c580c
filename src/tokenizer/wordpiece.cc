#include "tokenizer/wordpiece.h"

#include <algorithm>
#include <bit>

namespace fletcher {
namespace {

bool is_character_start(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

}  // namespace

Result<WordPiece> WordPiece::create(const Vocabulary& vocabulary, const Options& options) {
  WordPiece model;
  model.max_input_chars_per_word_ = options.max_input_chars_per_word;
  model.ids_.assign(3, -1);
  size_t bytes = 0;
  for (const auto& [token, id] : vocabulary) bytes += token.size();
  const size_t capacity = std::bit_ceil(std::max<size_t>(64, bytes));  // shared prefixes leave it half empty
  model.edges_.resize(capacity);
  model.shift_ = 64 - static_cast<unsigned>(std::countr_zero(capacity));
  bool has_unk = false;
  for (const auto& [token, id] : vocabulary) {
    if (id < 0) return invalid_argument("vocabulary: \"" + token + "\" has id " + std::to_string(id));
    if (token == options.unk_token) {
      model.unk_id_ = id;
      has_unk = true;
    }
    const std::string_view prefix = options.continuing_subword_prefix;
    model.insert(kWordStart, token, id);
    if (token.starts_with(prefix)) model.insert(kContinuation, std::string_view(token).substr(prefix.size()), id);
  }
  if (!has_unk) return invalid_argument("unk_token \"" + options.unk_token + "\" is not in the vocabulary");
  return model;
}

void WordPiece::grow() {
  std::vector<Edge> old = std::move(edges_);
  edges_.assign(2 * old.size(), {});
  --shift_;
  for (const Edge& edge : old) {
    if (edge.key == 0) continue;
    size_t slot = slot_of(edge.key);
    while (edges_[slot].key != 0) slot = (slot + 1) & (edges_.size() - 1);
    edges_[slot] = edge;
  }
}

WordPiece::Node WordPiece::add_child(Node node, unsigned char byte) {
  if (const Node found = child(node, byte); found != kNone) return found;
  if (2 * ++edge_count_ > edges_.size()) grow();
  const uint64_t key = slot_key(node, byte);
  size_t slot = slot_of(key);
  while (edges_[slot].key != 0) slot = (slot + 1) & (edges_.size() - 1);
  edges_[slot] = {key, static_cast<Node>(ids_.size())};
  ids_.push_back(-1);
  return edges_[slot].child;
}

void WordPiece::insert(Node root, std::string_view piece, int32_t id) {
  if (piece.empty()) return;  // the bare prefix never ends a match
  Node node = root;
  for (const char c : piece) node = add_child(node, static_cast<unsigned char>(c));
  ids_[node] = id;
}

WordPiece::Node WordPiece::child(Node node, unsigned char byte) const {
  const uint64_t key = slot_key(node, byte);
  for (size_t slot = slot_of(key);; slot = (slot + 1) & (edges_.size() - 1)) {
    if (edges_[slot].key == key) return edges_[slot].child;
    if (edges_[slot].key == 0) return kNone;
  }
}

void WordPiece::tokenize(std::string_view word, std::vector<Piece>& out) const {
  const size_t before = out.size();
  const auto whole_word_unknown = [&] {
    out.resize(before);
    out.push_back({unk_id_, 0, static_cast<uint32_t>(word.size())});
  };
  if (word.size() > max_input_chars_per_word_) {
    size_t characters = 0;
    for (const char c : word) characters += is_character_start(c);
    if (characters > max_input_chars_per_word_) return whole_word_unknown();
  }
  size_t begin = 0;
  while (begin < word.size()) {
    Node node = begin == 0 ? kWordStart : kContinuation;
    size_t end = 0;
    int32_t id = -1;
    for (size_t i = begin; i < word.size(); ++i) {
      node = child(node, static_cast<unsigned char>(word[i]));
      if (node == kNone) break;
      if (ids_[node] >= 0) {
        id = ids_[node];
        end = i + 1;
      }
    }
    if (id < 0) return whole_word_unknown();
    out.push_back({id, static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
    begin = end;
  }
}

}  // namespace fletcher
