#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tokenizer/tokenizer.h"

namespace fletcher {
namespace {

namespace fs = std::filesystem;
using Ids = std::vector<int32_t>;

constexpr std::string_view kSpecial = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";  // ids 0 to 4

/// A model folder of its own for each test.
class VocabTxt : public testing::Test {
 protected:
  VocabTxt()
      : folder_(fs::path(testing::TempDir()) / ("fletcher_" + std::to_string(::getpid()) + "_" +
                                                testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::create_directories(folder_);
  }
  ~VocabTxt() override { fs::remove_all(folder_); }

  void write(const char* name, std::string_view content) { std::ofstream(folder_ / name, std::ios::binary) << content; }
  Result<std::unique_ptr<Tokenizer>> load() const { return Tokenizer::load(folder_.string()); }
  Ids ids(std::string_view text) const {
    const auto tokenizer = load();
    EXPECT_TRUE(tokenizer) << tokenizer.error().message;
    Encoding encoding;
    if (!tokenizer) return {};
    EXPECT_TRUE((*tokenizer)->encode(text, {}, encoding));
    return encoding.ids;
  }
  /// The message without the folder.
  std::string error() const {
    const auto tokenizer = load();
    if (tokenizer) return "no error";
    std::string message = tokenizer.error().message;
    for (size_t at; (at = message.find(folder_.string() + "/")) != std::string::npos;) {
      message.erase(at, folder_.string().size() + 1);
    }
    return message;
  }

  fs::path folder_;
};

TEST_F(VocabTxt, IsUncasedBertWithoutAConfig) {
  write("vocab.txt", std::string(kSpecial) + "a\nb\ne\n##b");
  EXPECT_EQ(ids("[MASK] A é Ab"), (Ids{2, 4, 5, 7, 5, 8, 3}));
}

TEST_F(VocabTxt, TakesWhitespaceOffTheEndsOfLines) {
  write("vocab.txt", "[PAD]\r\n[UNK] \r\n[CLS]\u00A0\n[SEP]\n[MASK]\n\na\t\n");
  EXPECT_EQ(ids("a"), (Ids{2, 6, 3}));
}

TEST_F(VocabTxt, GivesARepeatedTokenItsLastId) {
  write("vocab.txt", std::string(kSpecial) + "a\nb\na\n");
  EXPECT_EQ(ids("a b"), (Ids{2, 7, 6, 3}));
}

TEST_F(VocabTxt, ReadsTheSwitches) {
  write("vocab.txt", std::string(kSpecial) + "a\nA\ne\né\n日\n");
  write("tokenizer_config.json", R"({"do_lower_case": false})");
  EXPECT_EQ(ids("A é"), (Ids{2, 6, 8, 3}));
  write("tokenizer_config.json", R"({"do_lower_case": false, "strip_accents": true})");
  EXPECT_EQ(ids("A é"), (Ids{2, 6, 7, 3}));
  write("tokenizer_config.json", R"({"do_lower_case": true, "strip_accents": false})");
  EXPECT_EQ(ids("A É"), (Ids{2, 5, 8, 3}));
  EXPECT_EQ(ids("a日"), (Ids{2, 5, 9, 3}));
  write("tokenizer_config.json", R"({"tokenize_chinese_chars": false})");
  EXPECT_EQ(ids("a日"), (Ids{2, 1, 3}));
}

TEST_F(VocabTxt, ReadsTheNamesOfSpecialTokens) {
  write("vocab.txt", "<p>\n<u>\n<s>\n</s>\n<m>\na\nb\n");
  write("tokenizer_config.json",
        R"({"pad_token": "<p>", "unk_token": "<u>", "cls_token": "<s>", "sep_token": "</s>",
            "mask_token": {"__type": "AddedToken", "content": "<m>", "lstrip": true}})");
  EXPECT_EQ(ids("a <m>x b"), (Ids{2, 5, 4, 1, 6, 3}));
}

TEST_F(VocabTxt, ReadsAddedTokens) {
  write("vocab.txt", std::string(kSpecial) + "a\nb\nfoo\n");
  write("tokenizer_config.json", R"({"added_tokens_decoder": {
      "8": {"content": "bar", "normalized": true, "special": false},
      "7": {"content": "foo", "normalized": false, "special": false}}})");
  EXPECT_EQ(ids("a foob bar BARa"), (Ids{2, 5, 7, 6, 8, 8, 5, 3}));
}

TEST_F(VocabTxt, LeavesAMaskThatTheVocabularyLacksAsText) {
  write("vocab.txt", "[UNK]\n[CLS]\n[SEP]\na\n");
  EXPECT_EQ(ids("a [MASK]"), (Ids{1, 3, 0, 0, 0, 2}));
}

TEST_F(VocabTxt, SaysWhatIsWrong) {
  EXPECT_EQ(load().error().code, Code::not_found);
  write("vocab.txt", "");
  EXPECT_EQ(error(), "vocab.txt: empty, wanted a token a line");
  write("vocab.txt", "[UNK]\n\xFF\n");
  EXPECT_EQ(error(), "vocab.txt:2: not valid UTF-8");
  write("vocab.txt", "[CLS]\n[SEP]\n");
  EXPECT_EQ(error(), "vocab.txt: unk_token \"[UNK]\" is not in the vocabulary");
  write("vocab.txt", "[UNK]\n[SEP]\n");
  EXPECT_EQ(error(), "vocab.txt: no \"[CLS]\", the cls_token");
  write("vocab.txt", kSpecial);
  write("tokenizer_config.json", R"({"do_lower_case": "yes"})");
  EXPECT_EQ(error(), "vocab.txt with tokenizer_config.json: \"do_lower_case\": \"yes\", wanted true or false");
  write("tokenizer_config.json", R"({"tokenizer_class": "MPNetTokenizerFast"})");
  EXPECT_EQ(error(),
            "vocab.txt with tokenizer_config.json: \"tokenizer_class\": \"MPNetTokenizer\" with a vocab.txt is "
            "not supported, wanted BertTokenizer");
  write("tokenizer_config.json", R"({"added_tokens_decoder": {"x": {"content": "a"}}})");
  EXPECT_EQ(error(), "vocab.txt with tokenizer_config.json: added_tokens_decoder: \"x\", wanted an id");
  write("tokenizer_config.json", "{");
  EXPECT_EQ(load().error().code, Code::data_loss);
}

TEST_F(VocabTxt, YieldsToATokenizerJson) {
  write("vocab.txt", kSpecial);
  write("tokenizer.json", "{}");
  EXPECT_EQ(error(), "tokenizer.json: \"model\": null, wanted an object");
}

}  // namespace
}  // namespace fletcher
