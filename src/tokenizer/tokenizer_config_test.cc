// The expected ids are those of transformers 5.24, AutoTokenizer.from_pretrained on the same files with a config.json
// of model_type bert.

#include "tokenizer/tokenizer_config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tokenizer/tokenizer.h"

namespace fletcher {
namespace {

namespace fs = std::filesystem;
using Ids = std::vector<int32_t>;

/// A cased tokenizer.json; its tokenizer_config.json comes from each test.
class TokenizerConfigFile : public testing::Test {
 protected:
  TokenizerConfigFile()
      : folder_(fs::path(testing::TempDir()) / ("fletcher_" + std::to_string(::getpid()) + "_" +
                                                testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::create_directories(folder_);
    write("tokenizer.json", R"({
      "added_tokens": [{"id": 1, "content": "[CLS]", "special": true}, {"id": 2, "content": "[SEP]", "special": true}],
      "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null,
                     "lowercase": false},
      "pre_tokenizer": {"type": "BertPreTokenizer"},
      "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]},
      "model": {"type": "WordPiece", "unk_token": "[UNK]",
                "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "a": 3, "A": 4, "\u00E9": 5, "e": 6, "\u65E5": 7}}
    })");
  }
  ~TokenizerConfigFile() override { fs::remove_all(folder_); }

  void write(const char* name, std::string_view content) { std::ofstream(folder_ / name, std::ios::binary) << content; }
  Ids ids(std::string_view config, std::string_view text) {
    write("tokenizer_config.json", config);
    const auto tokenizer = Tokenizer::load(folder_.string());
    EXPECT_TRUE(tokenizer) << tokenizer.error().message;
    Encoding encoding;
    if (!tokenizer) return {};
    EXPECT_TRUE((*tokenizer)->encode(text, {}, encoding));
    return encoding.ids;
  }
  std::string error(std::string_view config) {
    write("tokenizer_config.json", config);
    const auto tokenizer = Tokenizer::load(folder_.string());
    if (tokenizer) return "no error";
    const std::string& message = tokenizer.error().message;
    return message.substr(message.rfind(folder_.string()) + folder_.string().size() + 1);
  }

  fs::path folder_;
};

TEST_F(TokenizerConfigFile, DecidesTheNormalizerOfABertTokenizer) {
  EXPECT_EQ(ids(R"({"tokenizer_class": "BertTokenizer", "do_lower_case": true})", "A \u00E9"), (Ids{1, 3, 6, 2}));
  EXPECT_EQ(ids(R"({"tokenizer_class": "BertTokenizerFast", "do_lower_case": false})", "A \u00E9"), (Ids{1, 4, 5, 2}));
  EXPECT_EQ(ids(R"({"tokenizer_class": "BertTokenizer"})", "A \u00E9"), (Ids{1, 3, 6, 2}));
  EXPECT_EQ(ids(R"({})", "A \u00E9"), (Ids{1, 3, 6, 2}));
  EXPECT_EQ(ids(R"({"do_lower_case": true, "strip_accents": false})", "A \u00E9"), (Ids{1, 3, 5, 2}));
  EXPECT_EQ(ids(R"({"tokenize_chinese_chars": false})", "a\u65E5"), (Ids{1, 0, 2}));
}

TEST_F(TokenizerConfigFile, LeavesTheTokenizerJsonOfOtherClassesAlone) {
  EXPECT_EQ(ids(R"({"tokenizer_class": "PreTrainedTokenizerFast", "do_lower_case": true})", "A \u00E9"),
            (Ids{1, 4, 5, 2}));
  EXPECT_EQ(ids(R"({"tokenizer_class": "TokenizersBackend", "do_lower_case": true})", "A \u00E9"), (Ids{1, 4, 5, 2}));
  EXPECT_EQ(ids(R"({"tokenizer_class": "ConvBertTokenizer"})", "A \u00E9"), (Ids{1, 4, 5, 2}));
}

TEST_F(TokenizerConfigFile, IsNotReadBesideATokenizerJsonGivenByItsOwnPath) {
  write("tokenizer_config.json", R"({"do_lower_case": true})");
  const auto tokenizer = Tokenizer::load((folder_ / "tokenizer.json").string());
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  Encoding encoding;
  ASSERT_TRUE((*tokenizer)->encode("A", {}, encoding));
  EXPECT_EQ(encoding.ids, (Ids{1, 4, 2}));
}

TEST_F(TokenizerConfigFile, SaysWhereLongTextsAreCut) {
  const auto side = [&](std::string_view config) {
    write("tokenizer_config.json", config);
    return (*Tokenizer::load(folder_.string()))->truncation_side();
  };
  EXPECT_EQ(side(R"({})"), TruncationSide::right);
  EXPECT_EQ(side(R"({"truncation_side": "right"})"), TruncationSide::right);
  EXPECT_EQ(side(R"({"truncation_side": "left"})"), TruncationSide::left);
}

TEST_F(TokenizerConfigFile, SaysWhatIsWrong) {
  EXPECT_EQ(error(R"({"truncation_side": "middle"})"),
            "tokenizer_config.json: \"truncation_side\": \"middle\", wanted right or left");
  EXPECT_EQ(error(R"({"do_lower_case": 1})"), "tokenizer_config.json: \"do_lower_case\": 1, wanted true or false");
  EXPECT_EQ(error(R"({"tokenizer_class": 1})"), "tokenizer_config.json: \"tokenizer_class\": 1, wanted a string");
}

}  // namespace
}  // namespace fletcher
