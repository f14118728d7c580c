#include "tokenizer/token_table.h"

#include <gtest/gtest.h>

namespace fletcher {
namespace {

const Vocabulary kVocabulary = {{"[UNK]", 0}, {"a", 1}, {"b", 2}};

std::string error_of(const Vocabulary& vocabulary, std::vector<AddedToken> added) {
  const auto table = TokenTable::create(vocabulary, added);
  return table ? "no error" : table.error().message;
}

TEST(TokenTable, LooksUpBothWays) {
  std::vector<AddedToken> added = {{.id = 3, .content = "<x>"}};
  const auto table = TokenTable::create(kVocabulary, added);
  ASSERT_TRUE(table);
  EXPECT_EQ(table->size(), 4u);
  EXPECT_EQ(table->token(1), "a");
  EXPECT_EQ(table->token(3), "<x>");
  EXPECT_EQ(table->id("b"), 2);
  EXPECT_EQ(table->id("<x>"), 3);
  EXPECT_EQ(table->id("c"), std::nullopt);
  EXPECT_EQ(table->token(-1), "");
  EXPECT_EQ(table->token(4), "");
}

TEST(TokenTable, GivesAddedTokensTheNextFreeIds) {
  std::vector<AddedToken> added = {{.id = 20, .content = "<x>"}, {.id = 9, .content = "<y>"}};
  const auto table = TokenTable::create(kVocabulary, added);
  ASSERT_TRUE(table);
  EXPECT_EQ(added[0].id, 3);
  EXPECT_EQ(added[1].id, 4);
  EXPECT_EQ(table->size(), 5u);
}

TEST(TokenTable, KeepsTheIdsOfTheVocabulary) {
  std::vector<AddedToken> added = {{.id = 9, .content = "a", .special = true}};
  ASSERT_TRUE(TokenTable::create(kVocabulary, added));
  EXPECT_EQ(added[0].id, 1);
}

TEST(TokenTable, KeepsTheLastOfEqualTokens) {
  std::vector<AddedToken> added = {{.id = 2, .content = "b"}, {.id = 2, .content = "b", .lstrip = true}};
  const auto table = TokenTable::create({{"[UNK]", 0}, {"a", 1}, {"b", 2}, {"a", 3}}, added);
  ASSERT_TRUE(table);
  EXPECT_EQ(table->id("a"), 3);
  EXPECT_EQ(table->token(1), "a");
  ASSERT_EQ(added.size(), 1u);
  EXPECT_TRUE(added[0].lstrip);
}

TEST(TokenTable, DropsEmptyAddedTokens) {
  std::vector<AddedToken> added = {{.id = 3, .content = ""}};
  ASSERT_TRUE(TokenTable::create(kVocabulary, added));
  EXPECT_TRUE(added.empty());
}

TEST(TokenTable, RefusesAnIdThatTwoTokensClaim) {
  EXPECT_EQ(error_of({{"a", 0}, {"b", 0}}, {}), "id 0 belongs to \"a\" and to \"b\"");
  EXPECT_EQ(error_of(kVocabulary, {{.id = 1, .content = "<x>"}}), "id 1 belongs to \"a\" and to \"<x>\"");
  EXPECT_EQ(error_of(kVocabulary, {{.id = 7, .content = "<x>"}, {.id = 7, .content = "<y>"}}),
            "id 7 belongs to \"<x>\" and to \"<y>\"");
}

TEST(TokenTable, RefusesIdsOutOfRange) {
  EXPECT_EQ(error_of({{"a", 2'000'000'000}}, {}), "token \"a\" has id 2000000000, wanted 0 to 1048576");
  EXPECT_EQ(error_of({{"a", -1}}, {}), "token \"a\" has id -1, wanted 0 to 1048576");
  EXPECT_EQ(error_of({{"a", 0}}, {{.id = 2'000'000'000, .content = "b"}}),
            "token \"b\" has id 2000000000, wanted 0 to 1048577");
}

}  // namespace
}  // namespace fletcher
