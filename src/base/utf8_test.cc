#include "base/utf8.h"

#include <gtest/gtest.h>

namespace fletcher {
namespace {

TEST(Utf8, ReplacesMaximalSubparts) {
  // Example of The Unicode Standard, table 3-8: <61 F1 80 80 E1 80 C2 62 80 63 80 BF 64>
  EXPECT_EQ(to_valid_utf8("a\xF1\x80\x80\xE1\x80\xC2"
                          "b\x80"
                          "c\x80\xBF"
                          "d"),
            "a\uFFFD\uFFFD\uFFFD"
            "b\uFFFD"
            "c\uFFFD\uFFFD"
            "d");
}

TEST(Utf8, RefusesSurrogatesOverlongFormsAndTooLargeValues) {
  EXPECT_FALSE(is_valid_utf8("\xED\xA0\x80"));
  EXPECT_FALSE(is_valid_utf8("\xC0\x80"));
  EXPECT_FALSE(is_valid_utf8("\xE0\x80\x80"));
  EXPECT_FALSE(is_valid_utf8("\xF4\x90\x80\x80"));
  EXPECT_FALSE(is_valid_utf8("\xE2\x82"));
  EXPECT_TRUE(is_valid_utf8("\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF"));
}

TEST(Utf8, WritesWhatItReads) {
  for (const char32_t cp : {0x24u, 0xA2u, 0x20ACu, 0x10348u, 0x10FFFFu}) {
    std::string text;
    append_utf8(text, cp);
    const Utf8Decoded d = decode_utf8(text, 0);
    EXPECT_TRUE(d.valid);
    EXPECT_EQ(d.code_point, cp);
    EXPECT_EQ(d.length, text.size());
  }
}

}  // namespace
}  // namespace fletcher
