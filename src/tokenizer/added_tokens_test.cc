#include "tokenizer/added_tokens.h"

#include <gtest/gtest.h>

#include <chrono>

namespace fletcher {
namespace {

/// Parts as "text" or "<token:text>", joined by "|".
std::string split(const std::vector<AddedToken>& tokens, std::string_view text) {
  std::vector<AddedTokenFinder::Part> parts;
  const AddedTokenFinder finder(tokens);
  finder.split(text, parts);
  std::string out;
  for (const auto& [range, token] : parts) {
    const std::string covered(text.substr(range.begin, range.end - range.begin));
    if (!out.empty()) out += '|';
    out += token != nullptr ? "<" + token->content + ":" + covered + ">" : covered;
  }
  return out;
}

TEST(AddedTokens, AreFoundInText) {
  EXPECT_EQ(split({{.content = "[MASK]"}}, "a [MASK]b[MASK]"), "a |<[MASK]:[MASK]>|b|<[MASK]:[MASK]>");
  EXPECT_EQ(split({{.content = "[MASK]"}}, "[MASK"), "[MASK");
  EXPECT_EQ(split({{.content = "[MASK]"}}, ""), "");
  EXPECT_EQ(split({}, "a"), "a");
}

TEST(AddedTokens, AreFoundLeftmostThenLongest) {
  EXPECT_EQ(split({{.content = "ab"}, {.content = "abc"}, {.content = "bcd"}}, "abcd"), "<abc:abc>|d");
}

TEST(AddedTokens, MayNotStandInWordsIfSingle) {
  const std::vector<AddedToken> tokens = {{.content = "ab", .single_word = true}};
  EXPECT_EQ(split(tokens, "ab"), "<ab:ab>");
  EXPECT_EQ(split(tokens, "xab ab,ab_ abé"), "xab |<ab:ab>|,ab_ abé");
}

TEST(AddedTokens, SkipWhatASingleWordCovered) {
  // The match that single_word refused is not searched again, as in `tokenizers`.
  EXPECT_EQ(split({{.content = "ab", .single_word = true}, {.content = "b"}}, "xabb"), "xab|<b:b>");
}

TEST(AddedTokens, TakeWhitespaceBesideThem) {
  EXPECT_EQ(split({{.content = "<m>", .lstrip = true}}, "a \u00A0<m> b"), "a|<<m>: \u00A0<m>>| b");
  EXPECT_EQ(split({{.content = "<m>", .rstrip = true}}, "a <m> \n b"), "a |<<m>:<m> \n >|b");
}

TEST(AddedTokens, DoNotTakeWhitespaceOfAnother) {
  const std::vector<AddedToken> tokens = {{.content = "<a>", .rstrip = true}, {.content = "<b>", .lstrip = true}};
  EXPECT_EQ(split(tokens, "<a>  <b>"), "<<a>:<a>  >|<<b>:<b>>");
}

TEST(AddedTokens, OverlapWhereAnRstripTookTheirStart) {
  const std::vector<AddedToken> tokens = {{.content = "<a>", .rstrip = true}, {.content = " b"}};
  EXPECT_EQ(split(tokens, "<a> bc"), "<<a>:<a> >|< b: b>|c");
}

TEST(AddedTokens, SurviveIllFormedText) {
  EXPECT_EQ(split({{.content = "<m>", .single_word = true, .lstrip = true}}, "\x80\xE3\x81<m>\xFF"),
            "\x80\xE3\x81|<<m>:<m>>|\xFF");
}

TEST(AddedTokens, AreFoundInLinearTime) {
  std::vector<AddedToken> tokens;
  for (int i = 0; i < 1000; ++i) tokens.push_back({.content = "<" + std::to_string(i) + ">"});
  const std::string text(4'000'000, '<');
  std::vector<AddedTokenFinder::Part> parts;
  const auto start = std::chrono::steady_clock::now();
  AddedTokenFinder(tokens).split(text, parts);
  EXPECT_EQ(parts.size(), 1u);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

}  // namespace
}  // namespace fletcher
