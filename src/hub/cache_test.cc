#include "hub/cache.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

namespace fletcher::hub {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr const char* kCommit = "0123456789abcdef0123456789abcdef01234567";

void write(const fs::path& path, std::string_view content) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << content;
}

/// Two empty caches, and no network.
class Caches : public testing::Test {
 protected:
  Caches() {
    root_ = fs::path(testing::TempDir()) /
            (std::string("hub-") + testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(root_);
    options_.cache_dir = (root_ / "ours").string();
    options_.hf_cache_dir = (root_ / "theirs").string();
    options_.offline = true;
  }
  ~Caches() override { fs::remove_all(root_); }

  fs::path add_ours(const std::string& name) {
    const fs::path folder = root_ / "ours/models" / name_to_folder(name) / "main";
    write(folder / "config.json", "{}");
    return folder;
  }
  fs::path add_theirs(const std::string& name) {
    const fs::path repo = root_ / "theirs" / ("models--" + name_to_folder(name));
    const fs::path folder = repo / "snapshots" / kCommit;
    write(repo / "refs/main", kCommit);
    write(folder / "config.json", "{}");
    write(folder / "model.safetensors", "12345678");
    return folder;
  }
  Result<std::string> find(std::string_view name) const { return resolve(name, options_); }

  fs::path root_;
  HubOptions options_;
};

TEST_F(Caches, AreSearchedOursFirst) {
  const fs::path theirs = add_theirs("org/name");
  EXPECT_EQ(find("org/name"), theirs.string());
  EXPECT_EQ(find(std::string("org/name@") + kCommit), theirs.string());
  const fs::path ours = add_ours("org/name");
  EXPECT_EQ(find("org/name"), ours.string());
}

TEST_F(Caches, AnExistingPathComesBeforeAName) {
  const fs::path folder = add_ours("org/name");
  EXPECT_EQ(find(folder.string()), folder.string());
  EXPECT_EQ(find((folder / "config.json").string()), (folder / "config.json").string());
}

TEST_F(Caches, BareNamesMeanSentenceTransformersToo) {
  const fs::path theirs = add_theirs("sentence-transformers/mini");
  EXPECT_EQ(find("mini"), theirs.string());
  const fs::path exact = add_ours("mini");
  EXPECT_EQ(find("mini"), exact.string());
}

TEST_F(Caches, OfOthersCountOnlyWhenComplete) {
  const fs::path folder = add_theirs("org/name");
  fs::remove(folder / "model.safetensors");
  EXPECT_FALSE(find("org/name"));
  write(folder / "model.safetensors.index.json", R"({"weight_map":{"a":"s1.safetensors","b":"s2.safetensors"}})");
  write(folder / "s1.safetensors", "1");
  EXPECT_FALSE(find("org/name"));
  write(folder / "s2.safetensors", "2");
  EXPECT_EQ(find("org/name"), folder.string());
}

TEST_F(Caches, IgnoreWhatIsNotFinished) {
  fs::create_directories(root_ / "ours/models/org--name/main.incomplete");
  const auto found = find("org/name");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Code::not_found);
  EXPECT_THAT(found.error().message, HasSubstr(options_.cache_dir));
  EXPECT_THAT(found.error().message, HasSubstr(options_.hf_cache_dir));
  EXPECT_TRUE(list_cached(options_).empty());
}

TEST_F(Caches, DoNotFollowARefOutOfTheCache) {
  add_theirs("org/name");
  write(root_ / "theirs/models--org--name/refs/main", "../../../elsewhere");
  EXPECT_FALSE(find("org/name"));
}

TEST_F(Caches, PathsThatDoNotExistAreNoNames) {
  for (const char* path : {"./nothing", "/nothing/here", "../x", "a/b/c", "nothing.gguf", "dir/"}) {
    const auto found = find(path);
    ASSERT_FALSE(found) << path;
    EXPECT_THAT(found.error().message, HasSubstr("no such file or folder")) << path;
  }
}

TEST_F(Caches, AreListed) {
  add_theirs("org/theirs");
  const fs::path ours = add_ours("org/ours");
  const auto models = list_cached(options_);
  ASSERT_EQ(models.size(), 2u);
  EXPECT_EQ(models[0].name, "org/ours");
  EXPECT_EQ(models[0].path, ours.string());
  EXPECT_EQ(models[0].bytes, 2u);
  EXPECT_FALSE(models[0].hugging_face_cache);
  EXPECT_EQ(models[1].name, "org/theirs");
  EXPECT_EQ(models[1].revision, "main");
  EXPECT_EQ(models[1].bytes, 10u);
  EXPECT_TRUE(models[1].hugging_face_cache);
}

}  // namespace
}  // namespace fletcher::hub
