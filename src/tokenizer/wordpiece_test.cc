#include "tokenizer/wordpiece.h"

#include <gtest/gtest.h>

#include <chrono>

namespace fletcher {
namespace {

const Vocabulary kVocabulary = {{"[UNK]", 0}, {"un", 1},   {"##aff", 2}, {"##able", 3}, {"##ab", 4},
                                {"##", 5},    {"unaf", 6}, {"é", 7},     {"##é", 8},    {"##a", 9}};

WordPiece make(const WordPiece::Options& options = {}) {
  auto model = WordPiece::create(kVocabulary, options);
  EXPECT_TRUE(model);
  return std::move(*model);
}

std::vector<Piece> pieces(const WordPiece& model, std::string_view word) {
  std::vector<Piece> out;
  model.tokenize(word, out);
  return out;
}

TEST(WordPiece, TakesTheLongestPieceEachTime) {
  EXPECT_EQ(pieces(make(), "unable"), (std::vector<Piece>{{1, 0, 2}, {3, 2, 6}}));
  EXPECT_EQ(pieces(make(), "unab"), (std::vector<Piece>{{1, 0, 2}, {4, 2, 4}}));
}

TEST(WordPiece, EmitsUnkWhenGreedyLeavesARest) {
  // "unaf" is longer than "un", although "un" + "##aff" would do.
  EXPECT_EQ(pieces(make(), "unaff"), (std::vector<Piece>{{0, 0, 5}}));
}

TEST(WordPiece, EmitsUnkWhenNoPrefixMatches) {
  EXPECT_EQ(pieces(make(), "xun"), (std::vector<Piece>{{0, 0, 3}}));
  EXPECT_EQ(pieces(make(), "unx"), (std::vector<Piece>{{0, 0, 3}}));
}

TEST(WordPiece, AppendsToWhatIsThere) {
  std::vector<Piece> out = {{9, 9, 9}};
  make().tokenize("unx", out);
  EXPECT_EQ(out, (std::vector<Piece>{{9, 9, 9}, {0, 0, 3}}));
}

TEST(WordPiece, NeverEndsWithTheBarePrefix) { EXPECT_EQ(pieces(make(), "é"), (std::vector<Piece>{{7, 0, 2}})); }

TEST(WordPiece, CountsCharactersAgainstTheLimit) {
  const WordPiece model = make({.max_input_chars_per_word = 3});
  EXPECT_EQ(pieces(model, "ééé").size(), 3u);
  EXPECT_EQ(pieces(model, "éééé"), (std::vector<Piece>{{0, 0, 8}}));
}

TEST(WordPiece, TakesAnEmptyPrefix) {
  const auto model =
      WordPiece::create({{"?", 0}, {"a", 1}, {"ab", 2}}, {.unk_token = "?", .continuing_subword_prefix = ""});
  ASSERT_TRUE(model);
  EXPECT_EQ(pieces(*model, "aaba"), (std::vector<Piece>{{1, 0, 1}, {2, 1, 3}, {1, 3, 4}}));
}

TEST(WordPiece, IsUnknownAfterItsStartIfNoTokenHasThePrefix) {
  const auto model = WordPiece::create({{"[UNK]", 0}, {"a", 1}}, {});
  ASSERT_TRUE(model);
  EXPECT_EQ(pieces(*model, "aa"), (std::vector<Piece>{{0, 0, 2}}));
}

TEST(WordPiece, RefusesAVocabularyWithoutUnk) {
  const auto model = WordPiece::create({{"a", 0}}, {});
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().message, "unk_token \"[UNK]\" is not in the vocabulary");
}

TEST(WordPiece, IsLinearInAVeryLongWord) {
  const std::string word(10'000'000, 'a');
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(pieces(make(), word).size(), 1u);
  // Even without the limit on characters the work a byte is bounded by the longest token.
  const auto model = WordPiece::create({{"[UNK]", 0}, {"a", 1}, {"##a", 2}}, {.max_input_chars_per_word = word.size()});
  ASSERT_TRUE(model);
  EXPECT_EQ(pieces(*model, word).size(), word.size());
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));  // quadratic would take hours
}

}  // namespace
}  // namespace fletcher
