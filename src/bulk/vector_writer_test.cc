#include "bulk/vector_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "base/file.h"

namespace fletcher {
namespace {

namespace fs = std::filesystem;

std::string fresh(const std::string& name) {
  const fs::path path = fs::path(testing::TempDir()) / name;
  fs::remove_all(path);
  return path.string();
}

TEST(VectorWriter, WritesJsonLinesOnCommit) {
  const std::string path = fresh("v.jsonl");
  auto writer = VectorWriter::create(path, {.dimensions = 2});
  ASSERT_TRUE(writer) << writer.error().message;
  ASSERT_TRUE((*writer)->write_row(0, std::array{0.5f, -0.1f}));
  ASSERT_TRUE((*writer)->write_row(1, std::array{1.0f, 0.0f}));
  EXPECT_FALSE(fs::exists(path));
  ASSERT_TRUE((*writer)->commit());
  EXPECT_EQ(read_file(path).value(), "{\"index\":0,\"embedding\":[0.5,-0.1]}\n{\"index\":1,\"embedding\":[1,0]}\n");
}

TEST(VectorWriter, WritesIntegersAndHalves) {
  const auto line = [](ElementType type, std::vector<std::byte> row) {
    const std::string path = fresh("q.jsonl");
    auto writer = VectorWriter::create(path, {type, 2});
    EXPECT_TRUE((*writer)->write_row(7, row));
    EXPECT_TRUE((*writer)->commit());
    return read_file(path).value();
  };
  EXPECT_EQ(line(ElementType::i8, {std::byte{0x80}, std::byte{3}}), "{\"index\":7,\"embedding\":[-128,3]}\n");
  EXPECT_EQ(line(ElementType::u8, {std::byte{0x80}, std::byte{3}}), "{\"index\":7,\"embedding\":[128,3]}\n");
  EXPECT_EQ(line(ElementType::f16, {std::byte{0x00}, std::byte{0x3C}, std::byte{0x00}, std::byte{0xB8}}),
            "{\"index\":7,\"embedding\":[1,-0.5]}\n");
  // The largest half; the smallest, 2^-24; infinity, which JSON lacks; minus zero.
  EXPECT_EQ(line(ElementType::f16, {std::byte{0xFF}, std::byte{0x7B}, std::byte{0x01}, std::byte{0x00}}),
            "{\"index\":7,\"embedding\":[65504,5.9604645e-08]}\n");
  EXPECT_EQ(line(ElementType::f16, {std::byte{0x00}, std::byte{0xFC}, std::byte{0x00}, std::byte{0x80}}),
            "{\"index\":7,\"embedding\":[null,-0]}\n");
}

TEST(VectorWriter, WritesNumPysFormat) {
  const std::string path = fresh("v.npy");
  auto writer = VectorWriter::create(path, {.dimensions = 2});
  ASSERT_TRUE(writer) << writer.error().message;
  for (size_t i = 0; i < 3; ++i) ASSERT_TRUE((*writer)->write_row(i, std::array{1.0f, 2.0f}));
  ASSERT_TRUE((*writer)->commit());
  const std::string bytes = read_file(path).value();
  ASSERT_EQ(bytes.size(), 128u + 3 * 2 * 4);
  EXPECT_EQ(bytes.substr(0, 10), std::string("\x93NUMPY\x01\x00\x76\x00", 10));
  EXPECT_EQ(bytes.substr(10, 59), "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }");
  EXPECT_EQ(bytes[127], '\n');
  EXPECT_EQ(bytes.substr(128, 4), std::string("\x00\x00\x80\x3F", 4));
}

TEST(VectorWriter, NamesTheTypesOfNumPy) {
  const auto header = [](ElementType type, size_t bytes, bool with_row) {
    const std::string path = fresh("typed.npy");
    auto writer = VectorWriter::create(path, {type, 2});
    if (with_row) {
      EXPECT_TRUE((*writer)->write_row(0, std::vector<std::byte>(bytes)));
    }
    EXPECT_TRUE((*writer)->commit());
    const std::string content = read_file(path).value();
    EXPECT_EQ(content.size(), 128 + (with_row ? bytes : 0));
    return content.substr(10, content.find('}') - 9);
  };
  EXPECT_EQ(header(ElementType::f16, 4, true), "{'descr': '<f2', 'fortran_order': False, 'shape': (1, 2), }");
  EXPECT_EQ(header(ElementType::i8, 2, true), "{'descr': '|i1', 'fortran_order': False, 'shape': (1, 2), }");
  EXPECT_EQ(header(ElementType::u8, 2, true), "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2), }");
  EXPECT_EQ(header(ElementType::f32, 8, false), "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 2), }");
}

TEST(VectorWriter, KeepsASymbolicLinkAndReplacesItsTarget) {
  const std::string target = fresh("target.jsonl"), link = fresh("link.jsonl");
  ASSERT_TRUE(AtomicFile::create(target).value()->commit());
  fs::create_symlink(target, link);
  auto writer = VectorWriter::create(link, {.dimensions = 1});
  ASSERT_TRUE(writer) << writer.error().message;
  ASSERT_TRUE((*writer)->write_row(0, std::array{1.0f}));
  ASSERT_TRUE((*writer)->commit());
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(read_file(target).value(), "{\"index\":0,\"embedding\":[1]}\n");
}

TEST(VectorWriter, WritesToADescriptorByItsName) {
  const std::string path = fresh("redirected.jsonl");
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_GE(fd, 0);
  auto writer = VectorWriter::create("/dev/fd/" + std::to_string(fd), {.dimensions = 1});
  ASSERT_TRUE(writer) << writer.error().message;
  ASSERT_TRUE((*writer)->write_row(0, std::array{1.0f}));
  ASSERT_TRUE((*writer)->commit());
  EXPECT_EQ(read_file(path).value(), "{\"index\":0,\"embedding\":[1]}\n");
  ::close(fd);
}

TEST(VectorWriter, RefusesNumPysFormatOnAPipe) {
  const std::string path = fresh("pipe.npy");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  EXPECT_EQ(VectorWriter::create(path, {.dimensions = 1}).error().code, Code::unimplemented);
  ::close(reader);
}

TEST(VectorWriter, LeavesNothingWithoutCommit) {
  const std::string path = fresh("dropped.npy");
  {
    ASSERT_TRUE(VectorWriter::create(path, {.dimensions = 2}));
  }
  EXPECT_FALSE(fs::exists(path));
  for (const auto& entry : fs::directory_iterator(testing::TempDir())) {
    EXPECT_FALSE(entry.path().filename().string().starts_with("dropped.npy")) << entry.path();
  }
}

TEST(VectorWriter, SaysThatTheDiskIsFull) {
  auto writer = VectorWriter::create("/dev/full", {.dimensions = 2});
  ASSERT_TRUE(writer) << writer.error().message;
  ASSERT_TRUE((*writer)->write_row(0, std::array{1.0f, 2.0f}));
  const auto committed = (*writer)->commit();
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().code, Code::resource_exhausted);
  EXPECT_EQ(committed.error().message, "/dev/full: cannot write: No space left on device");
}

TEST(VectorWriter, RefusesFoldersAndOtherExtensions) {
  EXPECT_EQ(VectorWriter::create("v.parquet", {}).error().code, Code::invalid_argument);
  EXPECT_EQ(VectorWriter::create("/nowhere/v.npy", {}).error().code, Code::not_found);
  const std::string folder = fresh("folder.npy");
  fs::create_directory(folder);
  EXPECT_EQ(VectorWriter::create(folder, {}).error().code, Code::invalid_argument);
}

}  // namespace
}  // namespace fletcher
