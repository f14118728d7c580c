#include "base/file.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace fletcher {
namespace {

namespace fs = std::filesystem;

std::string fresh(const char* name) {
  const fs::path path = fs::path(testing::TempDir()) / name;
  fs::remove_all(path);
  return path.string();
}

TEST(AtomicFile, AppearsOnlyOnCommit) {
  const std::string path = fresh("atomic-commit");
  {
    auto file = AtomicFile::create(path);
    ASSERT_TRUE(file) << file.error().message;
    ASSERT_TRUE((*file)->write("0000 world"));
    ASSERT_TRUE((*file)->write_at(0, "hell"));
    EXPECT_FALSE(fs::exists(path));
    ASSERT_TRUE((*file)->commit());
  }
  EXPECT_EQ(read_file(path).value(), "hell world");
}

TEST(AtomicFile, LeavesNothingWithoutCommit) {
  const std::string path = fresh("atomic-drop");
  std::string temporary;
  {
    auto file = AtomicFile::create(path);
    ASSERT_TRUE(file);
    temporary = (*file)->temporary_path();
    EXPECT_TRUE(fs::exists(temporary));
    ASSERT_TRUE((*file)->write("half"));
  }
  EXPECT_FALSE(fs::exists(path));
  EXPECT_FALSE(fs::exists(temporary));
}

TEST(AtomicFile, SaysWhyItCannotWrite) {
  EXPECT_EQ(AtomicFile::create(testing::TempDir()).error().code, Code::invalid_argument);
  const auto file = AtomicFile::create("/nowhere/at/all");
  EXPECT_EQ(file.error().code, Code::not_found);
  EXPECT_NE(file.error().message.find("/nowhere/at/all"), std::string::npos);
}

TEST(ReadFile, RefusesFoldersMissingFilesAndLargeOnes) {
  EXPECT_EQ(read_file(testing::TempDir()).error().code, Code::invalid_argument);
  EXPECT_EQ(read_file("/nowhere/at/all").error().code, Code::not_found);
  const std::string path = fresh("ten-bytes");
  auto file = AtomicFile::create(path);
  ASSERT_TRUE((*file)->write("0123456789"));
  ASSERT_TRUE((*file)->commit());
  EXPECT_EQ(read_file(path, 9).error().code, Code::resource_exhausted);
  EXPECT_EQ(MappedFile::open(path).value()->bytes().size(), 10u);
}

}  // namespace
}  // namespace fletcher
