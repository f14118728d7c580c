#include "tokenizer/post_processor.h"

#include <gtest/gtest.h>

namespace fletcher {
namespace {

using Ids = std::vector<int32_t>;

const PostProcessor kBert = PostProcessor::bert(101, 102);

Encoding process(const PostProcessor& processor, const Ids& first, const EncodeOptions& options = {}) {
  Encoding out;
  EXPECT_TRUE(processor.process({first, {}}, nullptr, options, out));
  return out;
}

Encoding process_pair(const Ids& first, const Ids& second, const EncodeOptions& options = {}) {
  Encoding out;
  const PostProcessor::Tokens tokens{second, {}};
  EXPECT_TRUE(kBert.process({first, {}}, &tokens, options, out));
  return out;
}

TEST(PostProcessor, PutsSpecialTokensAround) {
  EXPECT_EQ(process(kBert, {1, 2}).ids, (Ids{101, 1, 2, 102}));
  EXPECT_EQ(process(kBert, {}).ids, (Ids{101, 102}));
  EXPECT_EQ(process(kBert, {1}, {.add_special_tokens = false}).ids, (Ids{1}));
}

TEST(PostProcessor, GivesPairsTypes) {
  const Encoding out = process_pair({1, 2}, {3});
  EXPECT_EQ(out.ids, (Ids{101, 1, 2, 102, 3, 102}));
  EXPECT_EQ(out.type_ids, (Ids{0, 0, 0, 0, 1, 1}));
  EXPECT_EQ(process_pair({1}, {3}, {.add_special_tokens = false}).type_ids, (Ids{0, 1}));
  EXPECT_EQ(process_pair({1}, {}).ids, (Ids{101, 1, 102, 102}));
}

TEST(PostProcessor, MarksSpecialTokensWhenOffsetsAreWanted) {
  const Ids ids = {1, 2};
  const std::vector<Offset> offsets = {{0, 3}, {4, 5}};
  Encoding out;
  ASSERT_TRUE(kBert.process({ids, offsets}, nullptr, {.with_offsets = true}, out));
  EXPECT_EQ(out.offsets, (std::vector<Offset>{{0, 0}, {0, 3}, {4, 5}, {0, 0}}));
  EXPECT_EQ(out.special, (std::vector<uint8_t>{1, 0, 0, 1}));
}

TEST(PostProcessor, CutsToLengthFromEitherSide) {
  const Encoding right = process(kBert, {1, 2, 3, 4}, {.max_length = 4});
  EXPECT_EQ(right.ids, (Ids{101, 1, 2, 102}));
  EXPECT_EQ(right.untruncated_length, 6u);
  EXPECT_TRUE(right.truncated());
  EXPECT_EQ(process(kBert, {1, 2, 3, 4}, {.max_length = 4, .side = TruncationSide::left}).ids, (Ids{101, 3, 4, 102}));
  EXPECT_FALSE(process(kBert, {1, 2}, {.max_length = 4}).truncated());
}

TEST(PostProcessor, RefusesRoomForFewerThanTheSpecialTokens) {
  Encoding out;
  const auto result = kBert.process({}, nullptr, {.max_length = 1}, out);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::invalid_argument);
  EXPECT_EQ(result.error().message, "max_length 1, wanted at least 2 for the special tokens");
}

TEST(PostProcessor, DoesNothingByDefault) {
  EXPECT_EQ(process(PostProcessor(), {1, 2}).ids, (Ids{1, 2}));
  EXPECT_EQ(PostProcessor().num_special_tokens(true), 0u);
  EXPECT_EQ(kBert.num_special_tokens(false), 2u);
  EXPECT_EQ(kBert.num_special_tokens(true), 3u);
}

struct TruncationCase {
  Lengths full;
  size_t max_length;
  TruncationStrategy strategy;
  Lengths kept;
};

TEST(Truncation, LeavesTheLengthsOfHuggingFace) {
  using enum TruncationStrategy;
  constexpr TruncationCase kCases[] = {
      {{5, 3}, 8, longest_first, {5, 3}},  // fits
      {{5, 3}, 7, longest_first, {4, 3}},  // the longer loses first
      {{3, 5}, 7, longest_first, {3, 4}}, {{5, 3}, 4, longest_first, {2, 2}},
      {{5, 3}, 5, longest_first, {3, 2}},                                      // the odd one stays with the longer
      {{3, 5}, 5, longest_first, {2, 3}}, {{4, 4}, 5, longest_first, {2, 3}},  // of equals, with the second
      {{9, 0}, 5, longest_first, {5, 0}}, {{5, 3}, 6, only_first, {3, 3}},
      {{5, 3}, 6, only_second, {5, 1}},   {{5, 3}, 0, only_first, {0, 0}},
  };
  for (const TruncationCase& c : kCases) {
    const auto kept = truncated_lengths(c.full, true, c.max_length, c.strategy);
    ASSERT_TRUE(kept) << c.full.first << "+" << c.full.second << " to " << c.max_length;
    EXPECT_EQ(kept->first, c.kept.first) << c.full.first << "+" << c.full.second << " to " << c.max_length;
    EXPECT_EQ(kept->second, c.kept.second) << c.full.first << "+" << c.full.second << " to " << c.max_length;
  }
}

TEST(Truncation, RefusesToEmptyTheOnlySideItMayCut) {
  EXPECT_FALSE(truncated_lengths({5, 3}, true, 3, TruncationStrategy::only_first));
  EXPECT_FALSE(truncated_lengths({5, 3}, true, 5, TruncationStrategy::only_second));
  EXPECT_FALSE(truncated_lengths({5, 0}, false, 3, TruncationStrategy::only_second));
  EXPECT_TRUE(truncated_lengths({5, 0}, false, 5, TruncationStrategy::only_second));
}

}  // namespace
}  // namespace fletcher
