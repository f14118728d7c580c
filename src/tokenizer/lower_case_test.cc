#include "tokenizer/lower_case.h"

#include <gtest/gtest.h>

namespace fletcher {
namespace {

TEST(LowerCase, FollowsPython) {
  EXPECT_EQ(lower_case("ÀÉ Straße ABC 1"), "àé straße abc 1");
  EXPECT_EQ(lower_case("\u0130"), "i\u0307");
  EXPECT_EQ(lower_case("ΟΔΥΣΣΕΥΣ, ΣΑΣ Σ"), "οδυσσευς, σας σ");
  EXPECT_EQ(lower_case("a\xff"), "a\uFFFD");
  EXPECT_EQ(lower_case(""), "");
}

}  // namespace
}  // namespace fletcher
