#include "cli/command_line.h"

#include <gtest/gtest.h>

namespace fletcher::cli {
namespace {

class SplitArgumentsTest : public testing::Test {
 protected:
  SplitArgumentsTest() {
    app_.add_option("-m,--model", model_);
    app_.add_option("--quantization", quantization_);
    app_.add_flag("--json", json_);
  }
  SplitArguments split(const std::vector<std::string>& arguments) { return split_arguments(app_, arguments); }

  CLI::App app_;
  std::string model_, quantization_;
  bool json_ = false;
};

using Strings = std::vector<std::string>;

TEST_F(SplitArgumentsTest, KeepsTextsThatLookLikeLists) {
  const SplitArguments got = split({"[a,b]", "--model", "[x,y]", "{}"});
  EXPECT_EQ(got.flags, (Strings{"--model", "[x,y]"}));
  EXPECT_EQ(got.texts, (Strings{"[a,b]", "{}"}));
}

TEST_F(SplitArgumentsTest, AcceptsLongFlagsWithOneDash) {
  const SplitArguments got = split({"-quantization", "int8", "-json", "-model=x", "-m", "y"});
  EXPECT_EQ(got.flags, (Strings{"--quantization", "int8", "--json", "--model", "x", "-m", "y"}));
  EXPECT_TRUE(got.texts.empty());
}

TEST_F(SplitArgumentsTest, TakesDashesAndNegativeNumbersAsTexts) {
  EXPECT_EQ(split({"-", "-5", "-0.25"}).texts, (Strings{"-", "-5", "-0.25"}));
}

TEST_F(SplitArgumentsTest, TakesEverythingAfterTwoDashesAsTexts) {
  const SplitArguments got = split({"--json", "--", "--model", "--"});
  EXPECT_EQ(got.flags, (Strings{"--json"}));
  EXPECT_EQ(got.texts, (Strings{"--model", "--"}));
}

TEST_F(SplitArgumentsTest, KeepsTheEmptyValueOfAFlag) {
  EXPECT_EQ(split({"--model=", "text"}).flags, (Strings{"--model", ""}));
  EXPECT_EQ(split({"--model", "--json"}).flags, (Strings{"--model", "--json"}));
}

TEST_F(SplitArgumentsTest, LeavesUnknownFlagsToBeRefused) {
  EXPECT_EQ(split({"--nonsense", "-nonsense"}).flags, (Strings{"--nonsense", "-nonsense"}));
}

TEST(EnvironmentTwins, AreNamedAfterTheLongFlag) {
  CLI::App app;
  size_t max_length = 0;
  const CLI::Option* option = app.add_option("--max-length", max_length);
  add_environment_twins(app);
  EXPECT_EQ(option->get_envname(), "FLETCHER_MAX_LENGTH");
}

}  // namespace
}  // namespace fletcher::cli
