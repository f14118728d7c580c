#include "cli/terminal.h"

#include <gtest/gtest.h>

namespace fletcher::cli {
namespace {

TEST(WithThousands, PutsACommaBeforeEveryThirdDigit) {
  EXPECT_EQ(with_thousands(0), "0");
  EXPECT_EQ(with_thousands(999), "999");
  EXPECT_EQ(with_thousands(1000), "1,000");
  EXPECT_EQ(with_thousands(1234567), "1,234,567");
}

TEST(HumanBytes, ChoosesTheUnit) {
  EXPECT_EQ(human_bytes(1023), "1023 B");
  EXPECT_EQ(human_bytes(1536), "1.5 KiB");
  EXPECT_EQ(human_bytes(uint64_t{3} << 30), "3.0 GiB");
}

TEST(HumanSeconds, ShowsHoursOnlyWhenThereAreAny) {
  EXPECT_EQ(human_seconds(42), "0:42");
  EXPECT_EQ(human_seconds(61.4), "1:01");
  EXPECT_EQ(human_seconds(3723), "1:02:03");
}

TEST(DisplayWidth, CountsWideAndCombiningCharacters) {
  EXPECT_EQ(display_width("abc"), 3u);
  EXPECT_EQ(display_width("日本"), 4u);
  EXPECT_EQ(display_width("e\xCC\x81"), 1u);
}

TEST(FitToWidth, CutsWithAnEllipsis) {
  EXPECT_EQ(fit_to_width("abcdef", 6), "abcdef");
  EXPECT_EQ(fit_to_width("abcdefg", 6), "abcde…");
  EXPECT_EQ(fit_to_width("日本語", 5), "日本…");
  EXPECT_EQ(fit_to_width("abc", 0), "");
}

TEST(FitToWidth, MakesControlCharactersHarmless) { EXPECT_EQ(fit_to_width("a\x1b[2Jb\nc", 20), "a [2Jb c"); }

TEST(Table, AlignsItsColumns) {
  Table table({Table::Align::right, Table::Align::left});
  table.add_row({"1", "first"});
  table.add_row({"10", "é"});
  EXPECT_EQ(table.str(), " 1  first\n10  é\n");
}

}  // namespace
}  // namespace fletcher::cli
