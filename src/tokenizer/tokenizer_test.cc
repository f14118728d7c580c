#include "tokenizer/tokenizer.h"

#include <gtest/gtest.h>

#include <chrono>

namespace fletcher {
namespace {

/// A tokenizer.json with one part replaced.
std::string json_with(const std::string& field, const std::string& value) {
  std::vector<std::pair<std::string, std::string>> parts = {
      {"truncation", R"({"max_length":2})"},
      {"padding", R"({"strategy":{"Fixed":128}})"},
      {"added_tokens",
       R"([{"id":1,"content":"[CLS]","special":true},{"id":2,"content":"[SEP]","special":true},{"id":3,"content":"[MASK]","lstrip":true,"special":true}])"},
      {"normalizer", R"({"type":"BertNormalizer","lowercase":true})"},
      {"pre_tokenizer", R"({"type":"BertPreTokenizer"})"},
      {"post_processor", R"({"type":"BertProcessing","sep":["[SEP]",2],"cls":["[CLS]",1]})"},
      {"model",
       R"({"type":"WordPiece","unk_token":"[UNK]","vocab":{"[UNK]":0,"[CLS]":1,"[SEP]":2,"[MASK]":3,"un":4,"##aff":5,"##able":6,"cafe":7,",":8,"a":9}})"}};
  std::string json = "{";
  for (auto& [name, text] : parts) {
    if (name == field) text = value;
    json += (json.size() > 1 ? ",\"" : "\"") + name + "\":" + text;
  }
  return json + "}";
}

std::unique_ptr<Tokenizer> make(const std::string& field = "", const std::string& value = "") {
  auto tokenizer = Tokenizer::from_json(json_with(field, value), "t.json");
  EXPECT_TRUE(tokenizer) << tokenizer.error().message;
  return std::move(*tokenizer);
}

using Ids = std::vector<int32_t>;
using Offsets = std::vector<Offset>;

Encoding encode(const Tokenizer& tokenizer, std::string_view text, EncodeOptions options = {.with_offsets = true}) {
  Encoding encoding;
  const auto done = tokenizer.encode(text, options, encoding);
  EXPECT_TRUE(done) << done.error().message;
  return encoding;
}

TEST(Tokenizer, MatchesTheLongestPieceFromTheLeft) {
  const auto tokenizer = make();
  const Encoding e = encode(*tokenizer, "Unaffable, un");
  EXPECT_EQ(e.ids, (Ids{1, 4, 5, 6, 8, 4, 2}));
  EXPECT_EQ(e.offsets, (Offsets{{0, 0}, {0, 2}, {2, 5}, {5, 9}, {9, 10}, {11, 13}, {0, 0}}));
  EXPECT_EQ(e.special, (std::vector<uint8_t>{1, 0, 0, 0, 0, 0, 1}));
}

TEST(Tokenizer, EmitsUnkForAWordWithAnUnknownPart) {
  const auto tokenizer = make();
  EXPECT_EQ(encode(*tokenizer, "unaffx a").ids, (Ids{1, 0, 9, 2}));
  EXPECT_EQ(encode(*tokenizer, std::string(101, 'a')).ids, (Ids{1, 0, 2}));
}

TEST(Tokenizer, DropsAccentsAndPointsToTheOriginalBytes) {
  const auto tokenizer = make();
  EXPECT_EQ(encode(*tokenizer, "Cafe\u0301,").offsets, (Offsets{{0, 0}, {0, 4}, {6, 7}, {0, 0}}));
  EXPECT_EQ(encode(*tokenizer, "CAF\u00c9").offsets, (Offsets{{0, 0}, {0, 5}, {0, 0}}));
  const Offsets points = to_code_point_offsets("CAF\u00c9,", encode(*tokenizer, "CAF\u00c9,").offsets);
  EXPECT_EQ(points, (Offsets{{0, 0}, {0, 4}, {4, 5}, {0, 0}}));
}

TEST(Tokenizer, FindsAddedTokensInTheText) {
  const auto tokenizer = make();
  const Encoding e = encode(*tokenizer, "a  [MASK]a[CLS");
  EXPECT_EQ(e.ids, (Ids{1, 9, 3, 9, 0, 0, 2}));
  EXPECT_EQ(e.offsets[2], (Offset{1, 9}));  // lstrip takes the blanks
}

TEST(Tokenizer, EmbedsBlankTextsAsSpecialTokensAlone) {
  const auto tokenizer = make();
  for (const std::string& text :
       {std::string(), std::string(" "), std::string("\n\t"), std::string("\u3000"), std::string(1, 0)}) {
    EXPECT_EQ(encode(*tokenizer, text).ids, (Ids{1, 2}));
  }
}

TEST(Tokenizer, TakesIllFormedUtf8AsReplacementCharacters) {
  const auto tokenizer = make("normalizer", R"({"type":"BertNormalizer","clean_text":false})");
  EXPECT_EQ(encode(*tokenizer, "a \xff a").ids, (Ids{1, 9, 0, 9, 2}));
  EXPECT_EQ(encode(*make(), "a\xff,").ids, (Ids{1, 9, 8, 2}));  // clean_text drops U+FFFD
}

TEST(Tokenizer, IgnoresTruncationAndPaddingOfTheFile) {
  EXPECT_EQ(encode(*make(), "a a a a").ids, (Ids{1, 9, 9, 9, 9, 2}));
}

TEST(Tokenizer, TruncatesAtEitherSide) {
  const auto tokenizer = make();
  const Encoding right = encode(*tokenizer, "un , a", {.max_length = 4});
  EXPECT_EQ(right.ids, (Ids{1, 4, 8, 2}));
  EXPECT_EQ(right.untruncated_length, 5u);
  EXPECT_TRUE(right.truncated());
  EXPECT_EQ(encode(*tokenizer, "un , a", {.max_length = 4, .side = TruncationSide::left}).ids, (Ids{1, 8, 9, 2}));
  Encoding out;
  const auto refused = tokenizer->encode("a", {.max_length = 1}, out);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "max_length 1, wanted at least 2 for the special tokens");
}

TEST(Tokenizer, TruncatesPairsByStrategy) {
  const auto tokenizer = make();
  Encoding out;
  EncodeOptions options{.max_length = 7};
  ASSERT_TRUE(tokenizer->encode_pair("a a a a a", "un", options, out));
  EXPECT_EQ(out.ids, (Ids{1, 9, 9, 9, 2, 4, 2}));
  EXPECT_EQ(out.type_ids, (Ids{0, 0, 0, 0, 0, 1, 1}));
  options.strategy = TruncationStrategy::only_second;
  EXPECT_FALSE(tokenizer->encode_pair("a a a a a", "un", options, out));
  ASSERT_TRUE(tokenizer->encode_pair("un", "a a a a a", options, out));
  EXPECT_EQ(out.ids, (Ids{1, 4, 2, 9, 9, 9, 2}));
  ASSERT_TRUE(tokenizer->encode_pair("a", "", {}, out));
  EXPECT_EQ(out.ids, (Ids{1, 9, 2, 2}));
}

TEST(Tokenizer, NamesTheFieldItCannotRead) {
  const auto error = [](const std::string& field, const std::string& value) {
    const auto tokenizer = Tokenizer::from_json(json_with(field, value), "t.json");
    return tokenizer ? std::string() : tokenizer.error().message;
  };
  EXPECT_EQ(error("normalizer", R"({"type":"Warp"})"),
            "t.json: normalizer: type \"Warp\" is not supported, wanted BertNormalizer");
  EXPECT_EQ(error("normalizer", R"({"type":"BertNormalizer","lowercase":1})"),
            "t.json: normalizer: \"lowercase\": 1, wanted true or false");
  EXPECT_NE(error("pre_tokenizer", R"({"type":"Metaspace"})").find("pre_tokenizer: type \"Metaspace\""),
            std::string::npos);
  EXPECT_NE(error("post_processor", R"({"type":"TemplateProcessing","single":[],"pair":[]})")
                .find("post_processor: \"single\": wanted Sequence A once"),
            std::string::npos);
  EXPECT_NE(error("post_processor",
                  R"({"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"[X]","type_id":0}}],"pair":[]})")
                .find("special token \"[X]\" is not among special_tokens"),
            std::string::npos);
  EXPECT_EQ(error("model", "null"), "t.json: \"model\": null, wanted an object");
  EXPECT_EQ(error("model", R"({"type":"BPE","vocab":{}})"),
            "t.json: model: type \"BPE\" is not supported, wanted WordPiece");
  EXPECT_EQ(error("model", R"({"type":"WordPiece","unk_token":"[UNK]"})"),
            "t.json: model: \"vocab\": missing, wanted an object of tokens and ids");
  EXPECT_EQ(error("model", R"({"type":"WordPiece","unk_token":"[UNK]","vocab":{"[UNK]":-1}})"),
            "t.json: model: vocab: \"[UNK]\": wanted an id from 0 to 2^31-1");
  EXPECT_EQ(error("model", R"({"type":"WordPiece","unk_token":"[UNK]","vocab":{"a":0}})"),
            "t.json: model: unk_token \"[UNK]\" is not in the vocabulary");
  EXPECT_NE(error("model", R"({"type":"WordPiece","unk_token":"[UNK]","vocab":{"[UNK]":0,"x":1}})")
                .find("id 1 belongs to \"x\" and to \"[CLS]\""),
            std::string::npos);
  EXPECT_NE(error("model", R"({"type":"WordPiece","unk_token":"[UNK]","vocab":{"[UNK]":0,"x":2000000000}})")
                .find("has id 2000000000"),
            std::string::npos);
  EXPECT_NE(error("added_tokens", R"([{"id":1}])").find("added_tokens[0]: \"content\": missing"), std::string::npos);
  EXPECT_NE(Tokenizer::from_json("{", "t.json").error().message.find("t.json: not well-formed JSON"),
            std::string::npos);
  EXPECT_NE(Tokenizer::from_json("[]", "t.json").error().message.find("t.json: wanted a JSON object"),
            std::string::npos);
}

TEST(Tokenizer, TakesLinearTimeForOneEndlessWord) {
  // Quadratic work on 4 MB would take hours; the test program's own time limit is the assertion of last resort.
  const auto tokenizer = make();
  EXPECT_EQ(encode(*tokenizer, std::string(4'000'000, 'a')).ids, (Ids{1, 0, 2}));
  std::string marks = "a";
  for (int i = 0; i < 500'000; ++i) marks += i % 2 == 0 ? "\u0323" : "\u0301";
  EXPECT_EQ(encode(*tokenizer, marks).ids, (Ids{1, 9, 2}));
}

TEST(Tokenizer, KnowsItsVocabulary) {
  const auto tokenizer = make();
  EXPECT_EQ(tokenizer->vocab_size(), 10u);
  EXPECT_EQ(tokenizer->id_to_token(5), "##aff");
  EXPECT_EQ(tokenizer->id_to_token(10), "");
  EXPECT_EQ(tokenizer->id_to_token(-1), "");
  EXPECT_EQ(tokenizer->token_to_id("cafe"), 7);
  EXPECT_EQ(tokenizer->token_to_id("tea"), std::nullopt);
  EXPECT_EQ(tokenizer->num_special_tokens(true), 3u);
}

}  // namespace
}  // namespace fletcher
