#include <gtest/gtest.h>

#include "tokenizer/tokenizer.h"

namespace fletcher {
namespace {

/// A tokenizer.json with one member replaced, for `from` given as it stands below.
std::string file_with(std::string_view from, std::string_view to) {
  std::string json = R"({
    "version": "1.0",
    "truncation": null,
    "padding": null,
    "added_tokens": [{"id": 1, "content": "[CLS]", "special": true}, {"id": 2, "content": "[SEP]", "special": true}],
    "normalizer": {"type": "BertNormalizer", "clean_text": true, "lowercase": true},
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": {"type": "TemplateProcessing",
      "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
      "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
      "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [1], "tokens": ["[CLS]"]}}},
    "decoder": null,
    "model": {"type": "WordPiece", "unk_token": "[UNK]", "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "a": 3, "##b": 4}}
  })";
  const size_t at = json.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return json.replace(at, from.size(), to);
}

std::vector<int32_t> ids(const std::string& json, std::string_view text) {
  const auto tokenizer = Tokenizer::from_json(json, "t.json");
  EXPECT_TRUE(tokenizer) << tokenizer.error().message;
  Encoding encoding;
  if (!tokenizer) return {};
  EXPECT_TRUE((*tokenizer)->encode(text, {}, encoding));
  return encoding.ids;
}

std::string error_of(std::string_view from, std::string_view to) {
  const auto tokenizer = Tokenizer::from_json(file_with(from, to), "t.json");
  return tokenizer ? "no error" : tokenizer.error().message;
}

using Ids = std::vector<int32_t>;

TEST(TokenizerJson, ReadsTheBertPipeline) {
  EXPECT_EQ(ids(file_with("null", "null"), "Ab [SEP] á"), (Ids{1, 3, 4, 2, 3}));
}

TEST(TokenizerJson, ReadsBertProcessing) {
  const std::string json = file_with(R"("type": "TemplateProcessing",)",
                                     R"("type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1],)");
  EXPECT_EQ(ids(json, "a"), (Ids{1, 3, 2}));
}

TEST(TokenizerJson, TakesNullComponents) {
  EXPECT_EQ(ids(file_with(R"({"type": "BertNormalizer", "clean_text": true, "lowercase": true})", "null"), "A ab"),
            (Ids{1, 0, 3, 4}));
  EXPECT_EQ(ids(file_with(R"({"type": "BertPreTokenizer"})", "null"), "a b"), (Ids{1, 0}));
}

TEST(TokenizerJson, TakesAModelWithoutType) {
  EXPECT_EQ(ids(file_with(R"("type": "WordPiece", )", ""), "a"), (Ids{1, 3}));
}

TEST(TokenizerJson, IgnoresPaddingAndTruncation) {
  EXPECT_EQ(
      ids(file_with(
              R"("truncation": null)",
              R"("truncation": {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0})"),
          "a a a"),
      (Ids{1, 3, 3, 3}));
  EXPECT_EQ(ids(file_with(R"("padding": null)",
                          R"("padding": {"strategy": {"Fixed": 8}, "direction": "Right", "pad_to_multiple_of": null,
                             "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"})"),
                "a"),
            (Ids{1, 3}));
}

TEST(TokenizerJson, ChecksPaddingAndTruncation) {
  EXPECT_EQ(error_of(R"("truncation": null)", R"("truncation": {"max_length": "x", "strategy": "LongestFirst"})"),
            "t.json: truncation: \"max_length\": \"x\", wanted a whole number");
  EXPECT_EQ(error_of(R"("truncation": null)", R"("truncation": {"max_length": 5, "strategy": "Foo"})"),
            "t.json: truncation: \"strategy\": \"Foo\", wanted LongestFirst or OnlyFirst or OnlySecond");
  EXPECT_EQ(error_of(R"("padding": null)", R"("padding": {"strategy": "Foo"})"),
            "t.json: padding: \"strategy\": \"Foo\", wanted BatchLongest");
}

TEST(TokenizerJson, NamesWhatItDoesNotKnow) {
  EXPECT_EQ(error_of("BertNormalizer", "NFC"),
            "t.json: normalizer: type \"NFC\" is not supported, wanted BertNormalizer");
  EXPECT_EQ(error_of("BertPreTokenizer", "ByteLevel"),
            "t.json: pre_tokenizer: type \"ByteLevel\" is not supported, wanted BertPreTokenizer");
  EXPECT_EQ(
      error_of("TemplateProcessing", "RobertaProcessing"),
      "t.json: post_processor: type \"RobertaProcessing\" is not supported, wanted TemplateProcessing, BertProcessing");
  EXPECT_EQ(error_of("WordPiece", "BPE"), "t.json: model: type \"BPE\" is not supported, wanted WordPiece");
  EXPECT_EQ(error_of(R"("version": "1.0")", R"("version": "2.0")"),
            "t.json: version \"2.0\" is not supported, wanted 1.0");
}

TEST(TokenizerJson, NamesTheModelFieldThatIsWrong) {
  EXPECT_EQ(error_of(R"("model")", R"("madel")"), "t.json: \"model\": null, wanted an object");
  EXPECT_EQ(error_of(R"("vocab")", R"("vacob")"),
            "t.json: model: \"vocab\": missing, wanted an object of tokens and ids");
  EXPECT_EQ(error_of(R"("a": 3)", R"("a": "3")"), "t.json: model: vocab: \"a\": wanted an id from 0 to 2^31-1");
  EXPECT_EQ(error_of(R"("a": 3)", R"("a": -3)"), "t.json: model: vocab: \"a\": wanted an id from 0 to 2^31-1");
  EXPECT_EQ(error_of(R"("a": 3)", R"("a": 4294967296)"), "t.json: model: vocab: \"a\": wanted an id from 0 to 2^31-1");
  EXPECT_EQ(error_of(R"("a": 3)", R"("a": 4)"), "t.json: id 4 belongs to \"a\" and to \"##b\"");
  EXPECT_EQ(error_of(R"("unk_token": "[UNK]")", R"("unk_token": "<unk>")"),
            "t.json: model: unk_token \"<unk>\" is not in the vocabulary");
  EXPECT_EQ(error_of(R"("unk_token": "[UNK]")", R"("unk_token": 0)"),
            "t.json: model: \"unk_token\": 0, wanted a string");
}

TEST(TokenizerJson, NamesTheTemplateFieldThatIsWrong) {
  EXPECT_EQ(error_of(R"("special_tokens": {"[CLS]")", R"("special_tokens": {"[SEP]")"),
            "t.json: post_processor: single: special token \"[CLS]\" is not among special_tokens");
  EXPECT_EQ(error_of(R"("ids": [1])", R"("ids": [1.5])"),
            "t.json: post_processor: single: special token \"[CLS]\": 1.5, wanted an id from 0 to 2^31-1");
  EXPECT_EQ(error_of(R"("ids": [1])", R"("ids": [99])"),
            "t.json: post_processor: special token id 99, but no token has it");
  EXPECT_EQ(error_of(R"({"id": "A", "type_id": 0}}],)", R"({"id": "B", "type_id": 0}}],)"),
            "t.json: post_processor: \"single\": wanted Sequence A once and no Sequence B");
  EXPECT_EQ(error_of(R"({"Sequence": {"id": "A", "type_id": 0}}],)", R"("A"],)"),
            "t.json: post_processor: single: \"A\", wanted {\"SpecialToken\":{…}} or {\"Sequence\":{…}}");
  EXPECT_EQ(error_of(R"("single": [)", R"("singel": [)"), "t.json: post_processor: \"single\": null, wanted an array");
}

TEST(TokenizerJson, NamesTheAddedTokenThatIsWrong) {
  EXPECT_EQ(error_of(R"("id": 2, "content": "[SEP]")", R"("id": "2", "content": "[SEP]")"),
            "t.json: added_tokens[1]: id: \"2\", wanted an id from 0 to 2^31-1");
  EXPECT_EQ(error_of(R"("content": "[SEP]")", R"("content": null)"),
            "t.json: added_tokens[1]: \"content\": null, wanted a string");
  EXPECT_EQ(error_of(R"("content": "[SEP]")", R"("content": "[X]")"),
            "t.json: id 2 belongs to \"[SEP]\" and to \"[X]\"");
}

TEST(TokenizerJson, NamesAFileThatIsNoJson) {
  EXPECT_EQ(Tokenizer::from_json("[1", "t.json").error().code, Code::data_loss);
  EXPECT_EQ(Tokenizer::from_json("", "t.json").error().code, Code::data_loss);
  EXPECT_EQ(Tokenizer::from_json("[]", "t.json").error().message, "t.json: wanted a JSON object");
  EXPECT_FALSE(Tokenizer::from_json(std::string(100'000, '['), "t.json"));
}

}  // namespace
}  // namespace fletcher
