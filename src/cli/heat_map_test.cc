#include "cli/heat_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fletcher::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

SimilarityMatrix two_texts() { return {{"one & <two>", "three"}, {1.0f, 0.25f, 0.25f, 1.0f}}; }

TEST(HeatMap, PrintsNumbersWithoutColors) {
  EXPECT_EQ(draw_heat_map(two_texts(), ColorSupport::none, 0),
            "1  one & <two>\n"
            "2  three\n"
            "\n"
            "       1     2\n"
            "1   1.00  0.25\n"
            "2   0.25  1.00\n");
}

TEST(HeatMap, PrintsShadesWhereNumbersAreTooWide) {
  const std::string drawn = draw_heat_map(two_texts(), ColorSupport::none, 12);
  EXPECT_THAT(drawn, HasSubstr("1 ██░░\n"));
  EXPECT_THAT(drawn, Not(HasSubstr("0.25")));
}

TEST(HeatMap, PaintsBlocksInColors) {
  EXPECT_THAT(draw_heat_map(two_texts(), ColorSupport::rgb, 80), HasSubstr("\x1b[30;48;2;252;228;96m 1.00 \x1b[0m"));
  EXPECT_THAT(draw_heat_map(two_texts(), ColorSupport::palette, 80), HasSubstr("\x1b[30;48;5;"));
}

TEST(HeatMap, EscapesTheLabelsOfAnImage) {
  const std::string svg = svg_heat_map(two_texts());
  EXPECT_THAT(svg, HasSubstr("1  one &amp; &lt;two></text>"));
  EXPECT_THAT(svg, HasSubstr(">0.25</text>"));
}

TEST(SimilarityColor, RunsFromDarkToLightAndStopsAtTheEnds) {
  EXPECT_EQ(similarity_color(-1), (Rgb{24, 32, 84}));
  EXPECT_EQ(similarity_color(0.5f), (Rgb{34, 144, 140}));
  EXPECT_EQ(similarity_color(2), (Rgb{252, 228, 96}));
}

}  // namespace
}  // namespace fletcher::cli
