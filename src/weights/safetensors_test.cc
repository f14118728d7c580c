#include "weights/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>

namespace fletcher {
namespace {

namespace fs = std::filesystem;

std::string file_bytes(std::string_view header, size_t data_bytes) {
  std::string bytes(8, '\0');
  const uint64_t length = header.size();
  std::memcpy(bytes.data(), &length, 8);
  bytes += header;
  bytes.append(data_bytes, '\1');
  return bytes;
}

Result<TensorMap> parse(const std::string& bytes) {
  return parse_safetensors(std::as_bytes(std::span(bytes.data(), bytes.size())), "w.safetensors");
}

TEST(Safetensors, ReadsNamesShapesAndBytes) {
  const std::string bytes = file_bytes(
      R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F16","shape":[2],"data_offsets":[8,12]},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}  )",
      12);
  const auto tensors = parse(bytes);
  ASSERT_TRUE(tensors) << tensors.error().message;
  ASSERT_EQ(tensors->size(), 2u);
  EXPECT_EQ(tensors->at("a").shape, (std::vector<uint64_t>{2, 1}));
  EXPECT_EQ(tensors->at("b").dtype, DType::f16);
  EXPECT_EQ(tensors->at("b").data.size(), 4u);
}

TEST(Safetensors, AcceptsScalarsAndEmptyTensors) {
  const auto tensors = parse(file_bytes(
      R"({"s":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"e":{"dtype":"I64","shape":[0,7],"data_offsets":[0,0]}})",
      4));
  ASSERT_TRUE(tensors) << tensors.error().message;
  EXPECT_EQ(tensors->at("e").data.size(), 0u);
}

struct Malformed {
  std::string bytes;
  std::string wanted;  // a part of the message
};

TEST(Safetensors, RefusesWhatTheFormatForbidsAndNamesTheTensor) {
  const auto one = [](std::string_view entry, size_t data = 8) {
    return file_bytes(R"({"w":)" + std::string(entry) + "}", data);
  };
  std::string huge = file_bytes("{}", 0);
  huge[7] = '\x7f';
  const std::vector<Malformed> table = {
      {"", "0 bytes"},
      {"abc", "3 bytes"},
      {std::string(8, '\0'), "does not start with"},
      {huge, "wanted at most 100000000"},
      {file_bytes("{}", 0).substr(0, 9), "runs past the end"},
      {file_bytes("not json", 0), "does not start with"},
      {file_bytes("{\"w\":", 0), "not well-formed JSON"},
      {file_bytes("{} x", 0), "not well-formed JSON"},
      {file_bytes(" {}", 0), "does not start with"},
      {file_bytes("{\"w\xff\":1}", 0), "not well-formed JSON"},
      {file_bytes("{}", 4), "4 bytes after the last tensor"},
      {one("7"), "tensor w: is no object"},
      {one("{}"), "tensor w: wanted dtype, shape and data_offsets"},
      {one(R"({"dtype":"F32","shape":[2]})"), "tensor w: wanted dtype"},
      {one(R"({"dtype":7,"shape":[2],"data_offsets":[0,8]})"), "tensor w: dtype is no string"},
      {one(R"({"dtype":"F31","shape":[2],"data_offsets":[0,8]})"), "tensor w: unknown dtype \"F31\""},
      {one(R"({"dtype":"F32","shape":2,"data_offsets":[0,8]})"), "tensor w: shape is no array"},
      {one(R"({"dtype":"F32","shape":[-2],"data_offsets":[0,8]})"), "tensor w: shape holds"},
      {one(R"({"dtype":"F32","shape":[2.0],"data_offsets":[0,8]})"), "tensor w: shape holds"},
      {one(R"({"dtype":"F32","shape":["2"],"data_offsets":[0,8]})"), "tensor w: shape holds"},
      {one(R"({"dtype":"F32","shape":[2],"data_offsets":[0]})"), "tensor w: data_offsets of 1"},
      {one(R"({"dtype":"F32","shape":[2],"data_offsets":[8,0]})"), "tensor w: begins at 8, after its end at 0"},
      {one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,16]})"),
       "tensor w: 16 bytes, but its shape and dtype ask for 8"},
      {one(R"({"dtype":"F16","shape":[2],"data_offsets":[0,8]})"),
       "tensor w: 8 bytes, but its shape and dtype ask for 4"},
      {one(R"({"dtype":"F32","shape":[4],"data_offsets":[0,16]})"), "tensor w: ends at byte 16 of 8"},
      {one(R"({"dtype":"F32","shape":[2],"data_offsets":[4,12]})", 12), "tensor w: leaves a hole of 4"},
      {one(R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]})"), "tensor w: its shape overflows"},
      {one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8],"extra":1})"), "tensor w: unknown field \"extra\""},
      {one(R"({"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]})"), "tensor w: dtype twice"},
      {file_bytes(R"({"__metadata__":{"a":1}})", 0), "tensor __metadata__: \"a\" is no string"},
      {file_bytes(R"({"__metadata__":[]})", 0), "tensor __metadata__: is no object"},
      {file_bytes(
           R"({"v":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"w":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
           6),
       "tensor w: overlaps"},
      {file_bytes(
           R"({"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"w":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})",
           4),
       "tensor w: named twice"},
  };
  for (const Malformed& row : table) {
    const auto tensors = parse(row.bytes);
    ASSERT_FALSE(tensors) << row.wanted;
    EXPECT_EQ(tensors.error().code, Code::data_loss);
    EXPECT_NE(tensors.error().message.find(row.wanted), std::string::npos) << tensors.error().message;
    EXPECT_EQ(tensors.error().message.find("w.safetensors: "), 0u) << tensors.error().message;
  }
}

class SafetensorsFolder : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void write(const std::string& name, const std::string& content) { std::ofstream(folder_ / name) << content; }
  std::string error() {
    const auto file = TensorFile::open(folder_.string());
    return file ? "" : file.error().message;
  }

  fs::path folder_;
  const std::string a_ = file_bytes(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1);
  const std::string b_ = file_bytes(R"({"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1);
};

TEST_F(SafetensorsFolder, ReadsShards) {
  write("model-1.safetensors", a_);
  write("model-2.safetensors", b_);
  write("model.safetensors.index.json", R"({"weight_map":{"a":"model-1.safetensors","b":"model-2.safetensors"}})");
  const auto file = TensorFile::open(folder_.string());
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ((*file)->names(), (std::vector<std::string_view>{"a", "b"}));
  ASSERT_NE((*file)->find("b"), nullptr);
  (*file)->release(*(*file)->find("b"));
  EXPECT_EQ((*file)->find("b")->data[0], std::byte{1});
  EXPECT_EQ((*file)->find("c"), nullptr);
}

TEST_F(SafetensorsFolder, RefusesATensorInTwoShards) {
  write("model-1.safetensors", a_);
  write(
      "model-2.safetensors",
      file_bytes(
          R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
          2));
  const std::string index = R"({"weight_map":{"a":"model-1.safetensors","b":"model-2.safetensors"}})";
  write("model.safetensors.index.json", index);
  EXPECT_NE(error().find("tensor a is in model-1.safetensors and in model-2.safetensors"), std::string::npos)
      << error();
}

TEST_F(SafetensorsFolder, RefusesAnIndexThatLies) {
  write("model-1.safetensors", a_);
  write("model.safetensors.index.json", R"({"weight_map":{"b":"model-1.safetensors"}})");
  EXPECT_NE(error().find("tensor b is not in model-1.safetensors"), std::string::npos) << error();
  write("model.safetensors.index.json", R"({"weight_map":{"a":"../model-1.safetensors"}})");
  EXPECT_NE(error().find("wanted a .safetensors file beside the index"), std::string::npos) << error();
  write("model.safetensors.index.json", R"({"weight_map":{"a":"gone.safetensors"}})");
  EXPECT_NE(error().find("gone.safetensors: cannot open"), std::string::npos) << error();
  write("model.safetensors.index.json", R"({"weight_map":7})");
  EXPECT_NE(error().find("\"weight_map\": 7"), std::string::npos) << error();
}

TEST_F(SafetensorsFolder, SaysWhatItSawInsteadOfWeights) {
  EXPECT_NE(error().find("no weights, wanted model.safetensors"), std::string::npos) << error();
  write("pytorch_model.bin", "x");
  EXPECT_NE(error().find("only pytorch_model.bin"), std::string::npos) << error();
}

}  // namespace
}  // namespace fletcher
