#include "tokenizer/pre_tokenizer.h"

#include <gtest/gtest.h>

#include <string>

namespace fletcher {
namespace {

std::vector<std::string> words(std::string_view text) {
  std::vector<Word> found;
  BertPreTokenizer().split(text, {0, static_cast<uint32_t>(text.size())}, found);
  std::vector<std::string> out;
  for (const Word& word : found) out.emplace_back(text.substr(word.begin, word.end - word.begin));
  return out;
}

using Strings = std::vector<std::string>;

TEST(BertPreTokenizer, SplitsAtWhitespace) {
  EXPECT_EQ(words("  how\tare\u3000you  "), (Strings{"how", "are", "you"}));
  EXPECT_EQ(words(""), Strings{});
  EXPECT_EQ(words(" \n"), Strings{});
}

TEST(BertPreTokenizer, MakesEveryPunctuationAWord) {
  EXPECT_EQ(words("don't!?"), (Strings{"don", "'", "t", "!", "?"}));
  EXPECT_EQ(words("a…b、c"), (Strings{"a", "…", "b", "、", "c"}));
  EXPECT_EQ(words("$5+^`~"), (Strings{"$", "5", "+", "^", "`", "~"}));  // ASCII symbols count
  EXPECT_EQ(words("5€©"), (Strings{"5€©"}));                            // others do not
}

TEST(BertPreTokenizer, KnowsThePunctuationOfUnicode8) {
  EXPECT_EQ(words("a\u2E44b"), (Strings{"a\u2E44b"}));  // DOUBLE SUSPENSION MARK, Unicode 9
  EXPECT_EQ(words("a\u2E42b"), (Strings{"a", "\u2E42", "b"}));
}

TEST(BertPreTokenizer, StaysInsideItsPiece) {
  std::vector<Word> found;
  BertPreTokenizer().split("ab cd ef", {1, 4}, found);
  EXPECT_EQ(found, (std::vector<Word>{{1, 2}, {3, 4}}));
}

TEST(WholePreTokenizer, MakesOneWord) {
  std::vector<Word> found;
  WholePreTokenizer().split("a b", {0, 3}, found);
  WholePreTokenizer().split("a b", {1, 1}, found);
  EXPECT_EQ(found, (std::vector<Word>{{0, 3}}));
}

}  // namespace
}  // namespace fletcher
