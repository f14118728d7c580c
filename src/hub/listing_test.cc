#include "hub/listing.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

namespace fletcher::hub {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kListing = R"({"sha":"0123456789abcdef0123456789abcdef01234567","siblings":[
  {"rfilename":".gitattributes"},
  {"rfilename":"model.safetensors","size":9,"blobId":"1111111111111111111111111111111111111111",
   "lfs":{"sha256":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","size":9,"pointerSize":134}},
  {"rfilename":"config.json","size":2,"blobId":"9e26dfeeb6e641a33dae4961196235bdb965b21b"},
  {"rfilename":"config.json"}]})";

std::vector<std::string> names(const std::vector<HubFile>& files) {
  std::vector<std::string> out;
  for (const HubFile& file : files) out.push_back(file.name);
  return out;
}

Result<std::vector<HubFile>> select(const std::vector<std::string>& files) {
  Listing listing;
  for (const std::string& file : files) listing.files.push_back({file, 0, {}});
  return select_engine_files(listing, "org/name");
}

TEST(Listing, ReadsSizesAndChecksums) {
  const auto listing = parse_listing(kListing, "hub");
  ASSERT_TRUE(listing) << listing.error().message;
  EXPECT_EQ(listing->commit, "0123456789abcdef0123456789abcdef01234567");
  const auto files = select_engine_files(*listing, "org/name");
  ASSERT_TRUE(files) << files.error().message;
  EXPECT_THAT(names(*files), ElementsAre("config.json", "model.safetensors"));
  EXPECT_EQ((*files)[0].checksum, (Checksum{ChecksumKind::git_blob_sha1, "9e26dfeeb6e641a33dae4961196235bdb965b21b"}));
  EXPECT_EQ((*files)[1].size, 9u);
  EXPECT_EQ((*files)[1].checksum, (Checksum{ChecksumKind::sha256, std::string(64, 'a')}));
}

TEST(Listing, RefusesOtherJson) {
  for (const char* text : {"", "[]", "{}", R"({"siblings":{}})", R"({"siblings":[{}]})", R"({"siblings":[1]})"}) {
    EXPECT_FALSE(parse_listing(text, "hub")) << text;
  }
}

TEST(EngineFiles, AreThoseThatAnEngineReads) {
  const auto files =
      select({"README.md", "config.json", "vocab.txt", "spiece.model", "model.safetensors", "tf_model.h5",
              "pytorch_model.bin", "onnx/config.json", "openvino/model.json", "1_Pooling/config.json",
              "2_Dense/model.safetensors", "2_Dense/pytorch_model.bin", "query_0_Transformer/config.json",
              "1_Pooling/deep/config.json", "consolidated.safetensors", "eval/results.json"});
  ASSERT_TRUE(files) << files.error().message;
  EXPECT_THAT(names(*files),
              ElementsAre("config.json", "vocab.txt", "spiece.model", "1_Pooling/config.json",
                          "query_0_Transformer/config.json", "model.safetensors", "2_Dense/model.safetensors"));
}

TEST(EngineFiles, MayBeATokenizerAlone) { EXPECT_TRUE(select({"tokenizer.json", "tokenizer_config.json"})); }

TEST(EngineFiles, NeedSafetensorsWhereThereAreWeights) {
  const auto files = select({"config.json", "pytorch_model.bin"});
  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().code, Code::failed_precondition);
  EXPECT_THAT(files.error().message, HasSubstr("pytorch_model.bin"));
}

TEST(EngineFiles, RefuseAListingThatLeavesTheFolder) {
  EXPECT_EQ(select({"config.json", "../x.json"}).error().code, Code::data_loss);
  EXPECT_EQ(select({"config.json", "/x.safetensors"}).error().code, Code::data_loss);
  EXPECT_TRUE(select({"config.json", "photo\\1.png"})) << "a strange name that nobody asks for";
}

TEST(Checksum, IsReadFromEntityTags) {
  const std::string sha256(64, 'b'), sha1(40, 'c');
  EXPECT_EQ(parse_checksum("\"" + sha256 + "\""), (Checksum{ChecksumKind::sha256, sha256}));
  EXPECT_EQ(parse_checksum("W/\"" + sha1 + "\""), (Checksum{ChecksumKind::git_blob_sha1, sha1}));
  EXPECT_EQ(parse_checksum("\"d41d8cd98f00b204e9800998ecf8427e-3\"").kind, ChecksumKind::none);
  EXPECT_EQ(parse_checksum("").kind, ChecksumKind::none);
}

// Literals from `printf 'hello\n' | sha256sum` and `git hash-object`.
TEST(Checksum, OfAFileIsThatOfSha256sumAndGit) {
  const auto path = std::filesystem::path(testing::TempDir()) / "hub-checksum";
  std::ofstream(path) << "hello\n";
  EXPECT_EQ(file_checksum(path.string(), ChecksumKind::sha256)->hex,
            "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
  EXPECT_EQ(file_checksum(path.string(), ChecksumKind::git_blob_sha1)->hex, "ce013625030ba8dba906f756967f9e9ca394464a");
  std::ofstream(path, std::ios::trunc).close();
  EXPECT_EQ(file_checksum(path.string(), ChecksumKind::git_blob_sha1)->hex, "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
}

}  // namespace
}  // namespace fletcher::hub
