#include "tokenizer/post_processor.h"

#include <algorithm>
#include <string>
#include <utility>

namespace fletcher {
namespace {

using Slot = PostProcessor::Slot;
using Kind = PostProcessor::Slot::Kind;

template <typename T>
std::span<const T> cut(std::span<const T> all, size_t length, TruncationSide side) {
  if (all.size() <= length) return all;
  return side == TruncationSide::right ? all.first(length) : all.last(length);
}

PostProcessor::Tokens cut(PostProcessor::Tokens tokens, size_t length, TruncationSide side) {
  return {cut(tokens.ids, length, side), cut(tokens.offsets, length, side)};
}

}  // namespace

PostProcessor::PostProcessor() : single_{{Kind::first, 0, {}}}, pair_{{Kind::first, 0, {}}, {Kind::second, 1, {}}} {}

PostProcessor::PostProcessor(Template single, Template pair) : single_(std::move(single)), pair_(std::move(pair)) {}

PostProcessor PostProcessor::bert(int32_t cls, int32_t sep) {
  const Slot start{Kind::special, 0, {cls}}, first{Kind::first, 0, {}}, middle{Kind::special, 0, {sep}};
  const Slot second{Kind::second, 1, {}}, end{Kind::special, 1, {sep}};
  return PostProcessor({start, first, middle}, {start, first, middle, second, end});
}

size_t PostProcessor::num_special_tokens(bool pair) const {
  size_t count = 0;
  for (const Slot& slot : pair ? pair_ : single_) count += slot.ids.size();
  return count;
}

std::vector<int32_t> PostProcessor::special_ids() const {
  std::vector<int32_t> all;
  for (const Template* slots : {&single_, &pair_}) {
    for (const Slot& slot : *slots) all.insert(all.end(), slot.ids.begin(), slot.ids.end());
  }
  return all;
}

Result<Lengths> truncated_lengths(Lengths full, bool pair, size_t max_length, TruncationStrategy strategy) {
  const size_t total = full.first + full.second;
  if (total <= max_length) return full;
  if (max_length == 0) return Lengths{0, 0};  // whatever the strategy
  const size_t excess = total - max_length;
  if (strategy == TruncationStrategy::longest_first) {
    if (!pair) return Lengths{max_length, 0};
    auto [shorter, longer] = std::minmax(full.first, full.second);
    size_t keep_shorter = shorter;
    size_t keep_longer = shorter > max_length ? shorter : std::max(shorter, max_length - shorter);
    if (keep_shorter + keep_longer > max_length) {
      keep_shorter = max_length / 2;
      keep_longer = keep_shorter + max_length % 2;
    }
    return full.first > full.second ? Lengths{keep_longer, keep_shorter} : Lengths{keep_shorter, keep_longer};
  }
  const bool first = strategy == TruncationStrategy::only_first;
  if (!first && !pair) return invalid_argument("truncation only_second of a single text");
  size_t& target = first ? full.first : full.second;
  if (target <= excess) {
    return invalid_argument("truncation by " + std::to_string(excess) + " tokens of a text of " +
                            std::to_string(target) + ", wanted to leave at least one");
  }
  target -= excess;
  return full;
}

Result<void> PostProcessor::process(Tokens first, const Tokens* second, const EncodeOptions& options,
                                    Encoding& out) const {
  const bool pair = second != nullptr;
  const size_t specials = options.add_special_tokens ? num_special_tokens(pair) : 0;
  if (options.max_length < specials) {
    return invalid_argument("max_length " + std::to_string(options.max_length) + ", wanted at least " +
                            std::to_string(specials) + " for the special tokens");
  }
  const Lengths full{first.ids.size(), pair ? second->ids.size() : 0};
  FLETCHER_TRY_ASSIGN(const Lengths kept,
                      truncated_lengths(full, pair, options.max_length - specials, options.strategy));
  out.clear();
  out.untruncated_length = full.first + full.second + specials;
  const auto append = [&](const Slot& slot, Tokens tokens, bool special) {
    out.ids.insert(out.ids.end(), tokens.ids.begin(), tokens.ids.end());
    out.type_ids.resize(out.ids.size(), slot.type_id);
    if (!options.with_offsets) return;
    out.offsets.insert(out.offsets.end(), tokens.offsets.begin(), tokens.offsets.end());
    out.offsets.resize(out.ids.size());
    out.special.resize(out.ids.size(), special ? 1 : 0);
  };
  for (const Slot& slot : pair ? pair_ : single_) {
    switch (slot.kind) {
      case Kind::special:
        if (options.add_special_tokens) append(slot, {slot.ids, {}}, true);
        break;
      case Kind::first:
        append(slot, cut(first, kept.first, options.side), false);
        break;
      case Kind::second:
        append(slot, cut(*second, kept.second, options.side), false);
        break;
    }
  }
  return {};
}

}  // namespace fletcher
