#include "tokenizer/unicode.h"

#include <gtest/gtest.h>

#include <vector>

namespace fletcher::unicode {
namespace {

std::vector<char32_t> decomposed(char32_t cp) {
  char32_t out[4];
  const size_t count = decompose(cp, out);
  return {out, out + count};
}

std::vector<char32_t> lowered(char32_t cp) {
  char32_t out[4];
  const size_t count = lower_case(cp, out);
  return {out, out + count};
}

using Points = std::vector<char32_t>;

TEST(Unicode, KnowsProperties) {
  EXPECT_EQ(properties(U'a'), 0);
  EXPECT_EQ(properties(U'A'), kLowers);
  EXPECT_EQ(properties(U'!'), kPunctuation);
  EXPECT_EQ(properties(U'\t'), kSpace | kWhitespace);
  EXPECT_EQ(properties(0), kRemoved);
  EXPECT_EQ(properties(0xFFFD), kRemoved);
  EXPECT_EQ(properties(U'日'), kCjk);
  EXPECT_EQ(properties(0x301), kMark);
  EXPECT_EQ(properties(0x10FFFF) & (kPunctuation | kCjk | kMark), 0);
}

TEST(Unicode, Decomposes) {
  EXPECT_EQ(decomposed(0xE9), (Points{U'e', 0x301}));
  EXPECT_EQ(decomposed(0x1F82), (Points{0x3B1, 0x313, 0x300, 0x345}));
  EXPECT_EQ(decomposed(0xAC00), (Points{0x1100, 0x1161}));
  EXPECT_EQ(decomposed(0xD7A3), (Points{0x1112, 0x1175, 0x11C2}));
}

TEST(Unicode, Lowers) {
  EXPECT_EQ(lowered(U'A'), Points{U'a'});
  EXPECT_EQ(lowered(0x130), (Points{U'i', 0x307}));
  EXPECT_EQ(lowered(0x1E9E), Points{0xDF});
}

TEST(Unicode, KnowsCombiningClasses) {
  EXPECT_EQ(combining_class(U'a'), 0);
  EXPECT_EQ(combining_class(0x301), 230);
  EXPECT_EQ(combining_class(0x323), 220);
  EXPECT_EQ(combining_class(0x345), 240);
}

TEST(Unicode, KnowsWordCharacters) {
  EXPECT_TRUE(is_word(U'a'));
  EXPECT_TRUE(is_word(U'_'));
  EXPECT_TRUE(is_word(U'日'));
  EXPECT_FALSE(is_word(U'-'));
  EXPECT_FALSE(is_word(U' '));
}

}  // namespace
}  // namespace fletcher::unicode
