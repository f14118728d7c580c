#include "tokenizer/normalizer.h"

#include <gtest/gtest.h>

namespace fletcher {
namespace {

constexpr BertNormalizer::Switches kNone{
    .clean_text = false, .handle_chinese_chars = false, .strip_accents = false, .lowercase = false};

NormalizedText normalize(const Normalizer& normalizer, std::string_view text, uint32_t base = 0) {
  NormalizedText out;
  out.tracks_offsets = true;
  normalizer.normalize(text, base, out);
  EXPECT_EQ(out.sources.size(), out.text.size());
  return out;
}

std::string text_of(BertNormalizer::Switches switches, std::string_view text) {
  return normalize(BertNormalizer(switches), text).text;
}

TEST(BertNormalizer, CopiesWhenAllIsSwitchedOff) { EXPECT_EQ(text_of(kNone, "\tÀé日 İ\x01"), "\tÀé日 İ\x01"); }

TEST(BertNormalizer, CleansControlsAndWhitespace) {
  BertNormalizer::Switches switches = kNone;
  switches.clean_text = true;
  EXPECT_EQ(text_of(switches, std::string_view("a\0b\x01\x7F"
                                               "c\xEF\xBF\xBD"
                                               "d",
                                               10)),
            "abcd");
  EXPECT_EQ(text_of(switches, "a\tb\nc\u00A0d\u2003e\u3000f"), "a b c d e f");
  EXPECT_EQ(text_of(switches, "a\u200Bb\u00ADc"), "abc");  // format characters count as controls
}

TEST(BertNormalizer, PutsBlanksAroundChinese) {
  BertNormalizer::Switches switches = kNone;
  switches.handle_chinese_chars = true;
  const NormalizedText out = normalize(BertNormalizer(switches), "a日b");
  EXPECT_EQ(out.text, "a 日 b");
  // The blanks stand for the character, too.
  EXPECT_EQ(out.sources, (std::vector<Offset>{{0, 1}, {1, 4}, {1, 4}, {1, 4}, {1, 4}, {1, 4}, {4, 5}}));
  EXPECT_EQ(text_of(switches, "カ한"), "カ한");  // neither Katakana nor Hangul
}

TEST(BertNormalizer, StripsAccents) {
  BertNormalizer::Switches switches = kNone;
  switches.strip_accents = true;
  EXPECT_EQ(text_of(switches, "Àéîõü Å"), "Aeiou A");
  EXPECT_EQ(text_of(switches, "e\u0301 q\u0323\u0307"), "e q");
  EXPECT_EQ(text_of(switches, "ø"), "ø");                    // has no decomposition
  EXPECT_EQ(text_of(switches, "한"), "\u1112\u1161\u11AB");  // jamo stay apart
}

TEST(BertNormalizer, SwapsMarksIntoCanonicalOrder) {
  BertNormalizer::Switches switches = kNone;
  switches.strip_accents = true;
  // U+0903 (class 0, spacing) ends a run; U+302E (class 224, spacing) stays behind the stripped U+0323 (class 220).
  EXPECT_EQ(text_of(switches, "a\u302E\u0323"), "a\u302E");
  const NormalizedText out = normalize(BertNormalizer(switches), "a\u302E\u0323");
  // `tokenizers` hands out the sources in order, so that the moved mark gets its neighbour's.
  EXPECT_EQ(out.sources, (std::vector<Offset>{{0, 1}, {4, 6}, {4, 6}, {4, 6}}));
}

TEST(BertNormalizer, LowersByTheCharacter) {
  BertNormalizer::Switches switches = kNone;
  switches.lowercase = true;
  EXPECT_EQ(text_of(switches, "ABC ÀÉ ΣΑΣ"), "abc àé σασ");  // no final sigma
  const NormalizedText out = normalize(BertNormalizer(switches), "İ");
  EXPECT_EQ(out.text, "i\u0307");
  EXPECT_EQ(out.sources, (std::vector<Offset>{{0, 2}, {0, 2}, {0, 2}}));
}

TEST(BertNormalizer, StripsBeforeItLowers) { EXPECT_EQ(text_of({}, "İÀ"), "ia"); }

TEST(BertNormalizer, TakesIllFormedPartsForReplacementCharacters) {
  EXPECT_EQ(text_of({}, "a\xE3\x81z"), "az");  // cleaned away
  const NormalizedText out = normalize(BertNormalizer(kNone), "\xE3\x81z");
  EXPECT_EQ(out.text, "\uFFFDz");
  EXPECT_EQ(out.sources, (std::vector<Offset>{{0, 2}, {0, 2}, {0, 2}, {2, 3}}));
}

TEST(BertNormalizer, CountsSourcesFromTheBase) {
  EXPECT_EQ(normalize(BertNormalizer(kNone), "ab", 10).sources, (std::vector<Offset>{{10, 11}, {11, 12}}));
}

TEST(BertNormalizer, TracksNothingUnlessAsked) {
  NormalizedText out;
  BertNormalizer({}).normalize("É日", 0, out);
  EXPECT_EQ(out.text, "e 日 ");
  EXPECT_TRUE(out.sources.empty());
}

TEST(BertNormalizer, TakesAVeryLongRunOfMarks) {
  std::string text = "a";
  for (int i = 0; i < 200'000; ++i) text += i % 2 == 0 ? "\u0301" : "\u0323";
  EXPECT_EQ(text_of({}, text), "a");
}

TEST(IdentityNormalizer, CopiesButForIllFormedParts) {
  const NormalizedText out = normalize(IdentityNormalizer(), "Aé\xFF");
  EXPECT_EQ(out.text, "Aé\uFFFD");
  EXPECT_EQ(out.sources, (std::vector<Offset>{{0, 1}, {1, 3}, {1, 3}, {3, 4}, {3, 4}, {3, 4}}));
}

}  // namespace
}  // namespace fletcher
