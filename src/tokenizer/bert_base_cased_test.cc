// A real vocabulary: ids from tokenizers 0.23.3.

#include <gtest/gtest.h>

#include <thread>

#include "tokenizer/tokenizer.h"

namespace fletcher {
namespace {

using Ids = std::vector<int32_t>;

const Tokenizer& cased() {
  static const std::unique_ptr<Tokenizer> kTokenizer = [] {
    auto loaded = Tokenizer::load(FLETCHER_TEST_DATA "/tokenizers/bert-base-cased");
    EXPECT_TRUE(loaded) << loaded.error().message;
    return std::move(*loaded);
  }();
  return *kTokenizer;
}

Encoding encode(std::string_view text, const EncodeOptions& options = {.with_offsets = true}) {
  Encoding out;
  EXPECT_TRUE(cased().encode(text, options, out));
  return out;
}

TEST(BertBaseCased, GivesBytesOfTheOriginal) {
  const Encoding out = encode("Naïve 日x");
  EXPECT_EQ(out.ids, (Ids{101, 11896, 28203, 2707, 1033, 193, 102}));
  EXPECT_EQ(out.offsets, (std::vector<Offset>{{0, 0}, {0, 2}, {2, 4}, {4, 6}, {7, 10}, {10, 11}, {0, 0}}));
  EXPECT_EQ(out.special, (std::vector<uint8_t>{1, 0, 0, 0, 0, 0, 1}));
}

TEST(BertBaseCased, LeavesOffsetsOutUnlessAsked) {
  const Encoding out = encode("Naïve", {});
  EXPECT_EQ(out.ids.size(), 5u);
  EXPECT_TRUE(out.offsets.empty());
  EXPECT_TRUE(out.special.empty());
}

TEST(BertBaseCased, EncodesNothing) {
  for (const char* text : {"", " ", "\n\t\u200B"}) EXPECT_EQ(encode(text).ids, (Ids{101, 102}));
}

TEST(BertBaseCased, FindsSpecialTokensInText) {
  EXPECT_EQ(encode("a [MASK]b [SEP").ids, (Ids{101, 170, 103, 171, 164, 12342, 2101, 102}));
}

TEST(BertBaseCased, TakesIllFormedUtf8) {
  // Each ill-formed part is U+FFFD, which clean_text drops: the word goes on behind it.
  const Encoding out = encode("a\xFF\xE3\x81 \xC0z");
  EXPECT_EQ(out.ids, encode("a z").ids);
  EXPECT_EQ(out.offsets, (std::vector<Offset>{{0, 0}, {0, 1}, {6, 7}, {0, 0}}));
  EXPECT_EQ(to_code_point_offsets("a\xFF\xE3\x81 \xC0z", out.offsets)[2], (Offset{5, 6}));
}

TEST(BertBaseCased, RemovesNulBytes) { EXPECT_EQ(encode(std::string_view("a\0b", 3)).ids, encode("ab").ids); }

TEST(BertBaseCased, EncodesPairs) {
  Encoding out;
  ASSERT_TRUE(cased().encode_pair("a b", "c", {.with_offsets = true}, out));
  EXPECT_EQ(out.ids, (Ids{101, 170, 171, 102, 172, 102}));
  EXPECT_EQ(out.type_ids, (Ids{0, 0, 0, 0, 1, 1}));
  EXPECT_EQ(out.offsets, (std::vector<Offset>{{0, 0}, {0, 1}, {2, 3}, {0, 0}, {0, 1}, {0, 0}}));
  ASSERT_TRUE(cased().encode_pair("a b", "c d", {.max_length = 5, .side = TruncationSide::left}, out));
  EXPECT_EQ(out.ids, (Ids{101, 171, 102, 173, 102}));
  EXPECT_EQ(out.untruncated_length, 7u);
}

TEST(BertBaseCased, RefusesImpossibleLengths) {
  Encoding out;
  EXPECT_EQ(cased().encode("a", {.max_length = 1}, out).error().code, Code::invalid_argument);
  EXPECT_EQ(cased().encode_pair("a", "b", {.max_length = 2}, out).error().code, Code::invalid_argument);
}

TEST(BertBaseCased, KnowsItsTokens) {
  EXPECT_EQ(cased().vocab_size(), 28996u);
  EXPECT_EQ(cased().id_to_token(103), "[MASK]");
  EXPECT_EQ(cased().id_to_token(28996), "");
  EXPECT_EQ(cased().token_to_id("##ing"), 1158);
  EXPECT_EQ(cased().token_to_id("no such token"), std::nullopt);
  EXPECT_EQ(cased().num_special_tokens(false), 2u);
  EXPECT_EQ(cased().num_special_tokens(true), 3u);
}

TEST(BertBaseCased, MayBeUsedByManyThreads) {
  const Encoding wanted = encode("Unaffable naïve 日本 [MASK]!");
  std::vector<Encoding> got(4);
  {
    std::vector<std::jthread> threads;
    for (Encoding& out : got) {
      threads.emplace_back([&out] {
        for (int i = 0; i < 200; ++i) out = encode("Unaffable naïve 日本 [MASK]!");
      });
    }
  }
  for (const Encoding& out : got) EXPECT_EQ(out.ids, wanted.ids);
}

TEST(BertBaseCased, ReusesTheEncoding) {
  Encoding out;
  ASSERT_TRUE(cased().encode("a b c", {.with_offsets = true}, out));
  ASSERT_TRUE(cased().encode("a", {}, out));
  EXPECT_EQ(out.ids, (Ids{101, 170, 102}));
  EXPECT_TRUE(out.offsets.empty());
}

TEST(BertBaseCased, SaysWhichFileIsMissing) {
  const auto loaded = Tokenizer::load("no/such/folder");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Code::not_found);
  EXPECT_NE(loaded.error().message.find("no/such/folder"), std::string::npos);
}

TEST(CodePointOffsets, CountCharacters) {
  const std::vector<Offset> bytes = {{4, 5}, {0, 1}, {1, 4}, {5, 9}, {0, 0}};
  EXPECT_EQ(to_code_point_offsets("a日b👍", bytes), (std::vector<Offset>{{2, 3}, {0, 1}, {1, 2}, {3, 4}, {0, 0}}));
}

}  // namespace
}  // namespace fletcher
