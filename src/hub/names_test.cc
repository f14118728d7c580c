#include "hub/names.h"

#include <gtest/gtest.h>

namespace fletcher::hub {
namespace {

TEST(ModelId, ParsesNameAndRevision) {
  const auto plain = parse_model_id("sentence-transformers/all-MiniLM-L6-v2");
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_EQ(plain->name, "sentence-transformers/all-MiniLM-L6-v2");
  EXPECT_EQ(plain->revision, "main");
  EXPECT_EQ(plain->describe(), "sentence-transformers/all-MiniLM-L6-v2");

  const auto pinned = parse_model_id("all_MiniLM.v2@refs/pr/7");
  ASSERT_TRUE(pinned) << pinned.error().message;
  EXPECT_EQ(pinned->name, "all_MiniLM.v2");
  EXPECT_EQ(pinned->revision, "refs/pr/7");
  EXPECT_FALSE(pinned->has_organisation());
  EXPECT_EQ(pinned->describe(), "all_MiniLM.v2@refs/pr/7");
}

TEST(ModelId, RefusesWhatIsNoName) {
  for (const char* text :
       {"",       "/",    "a/",    "/a",       "a/b/c",          "..",      "../a",       "a/..",   "a b",  "a\\b",
        "a\nb",   "-a",   "a-",    "a--b",     "a..b",           "é",       "a@",         "a@/x",   "a@x/", "a@../x",
        "a@x//y", "a@.x", "a@b@c", "a@b.lock", "a@b.incomplete", "a@b?x=1", "http://x/y", "~/model"}) {
    EXPECT_FALSE(parse_model_id(text)) << text;
  }
}

TEST(FileName, AcceptsRelativePaths) {
  for (const char* name : {"config.json", "1_Pooling/config.json", "a b.txt", "..a.json", "é.txt"}) {
    EXPECT_TRUE(check_file_name(name)) << name;
  }
}

TEST(FileName, RefusesWhatLeavesTheFolder) {
  for (const char* name :
       {"", "/etc/passwd", "..", "../a", "a/../b", "a/..", "./a", "a//b", "a/", "a\\b", "a\tb", "a\x7F", "\xFF.json"}) {
    EXPECT_FALSE(check_file_name(name)) << name;
  }
  EXPECT_FALSE(check_file_name(std::string_view("a\0b", 3)));
  EXPECT_FALSE(check_file_name(std::string(201, 'a')));
}

TEST(FolderNames, AreInvertible) {
  EXPECT_EQ(name_to_folder("org/name"), "org--name");
  EXPECT_EQ(folder_to_name("org--name"), "org/name");
  EXPECT_EQ(folder_to_name("gpt2"), "gpt2");
  EXPECT_EQ(revision_to_folder("refs/pr/1"), "refs%2Fpr%2F1");
  EXPECT_EQ(folder_to_revision("refs%2Fpr%2F1"), "refs/pr/1");
}

TEST(PercentEncoding, KeepsUnreservedBytes) {
  EXPECT_EQ(percent_encode("refs/pr/1", false), "refs%2Fpr%2F1");
  EXPECT_EQ(percent_encode("1_Pooling/a b?#.json", true), "1_Pooling/a%20b%3F%23.json");
  EXPECT_EQ(percent_encode("é~", true), "%C3%A9~");
}

TEST(Printable, IsOneShortLine) {
  EXPECT_EQ(printable("a\r\n\x1B[31mb"), "a???[31mb");
  EXPECT_EQ(printable(std::string(300, 'a')), std::string(200, 'a') + "…");
}

}  // namespace
}  // namespace fletcher::hub
