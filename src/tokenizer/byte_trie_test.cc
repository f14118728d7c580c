#include "tokenizer/byte_trie.h"

#include <gtest/gtest.h>

#include <string>

namespace fletcher {
namespace {

TEST(ByteTrie, FindsTheLongestKey) {
  ByteTrie trie;
  trie.insert("un", 1);
  trie.insert("unaff", 2);
  const ByteTrie::Match match = trie.longest_match(ByteTrie::kRoot, "unaffable");
  EXPECT_EQ(match.length, 5u);
  EXPECT_EQ(match.value, 2);
  EXPECT_EQ(trie.longest_match(ByteTrie::kRoot, "unaf").value, 1);
  EXPECT_EQ(trie.longest_match(ByteTrie::kRoot, "u").value, -1);
}

TEST(ByteTrie, KeepsTheLastOfEqualKeys) {
  ByteTrie trie;
  trie.insert("a", 1);
  trie.insert("a", 2);
  EXPECT_EQ(trie.longest_match(ByteTrie::kRoot, "a").value, 2);
}

TEST(ByteTrie, NeverFindsAnEmptyKey) {
  ByteTrie trie;
  trie.insert("", 1);
  EXPECT_EQ(trie.longest_match(ByteTrie::kRoot, "a").value, -1);
  EXPECT_EQ(trie.longest_match(ByteTrie::kRoot, "").value, -1);
}

TEST(ByteTrie, GoesOnAfterAPrefix) {
  ByteTrie trie;
  trie.insert("##ing", 7);
  const ByteTrie::Node node = trie.node_after("##");
  EXPECT_EQ(trie.longest_match(node, "ings").value, 7);
  EXPECT_EQ(trie.node_after("#x"), ByteTrie::kNone);
  EXPECT_EQ(trie.longest_match(ByteTrie::kNone, std::string_view("\0a", 2)).value, -1);
}

TEST(ByteTrie, GrowsPastWhatWasExpected) {
  ByteTrie trie;
  for (int i = 0; i < 20000; ++i) trie.insert("key" + std::to_string(i) + ".", i);
  for (int i = 0; i < 20000; ++i) {
    ASSERT_EQ(trie.longest_match(ByteTrie::kRoot, "key" + std::to_string(i) + ".").value, i);
  }
}

TEST(ByteTrie, TellsNulBytesFromNothing) {
  ByteTrie trie;
  trie.insert(std::string_view("a\0b", 3), 3);
  EXPECT_EQ(trie.longest_match(ByteTrie::kRoot, std::string_view("a\0b", 3)).value, 3);
  EXPECT_EQ(trie.longest_match(ByteTrie::kRoot, "a").value, -1);
}

}  // namespace
}  // namespace fletcher
