// Token ids and offsets of Hugging Face `tokenizers`: equal to the id and to the code point.

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/json.h"
#include "tokenizer/tokenizer.h"

namespace fletcher {
namespace {

namespace fs = std::filesystem;

std::string shared_data() {
  const char* shared = std::getenv("FLETCHER_SHARED");
  return std::string(shared != nullptr ? shared : "../shared") + "/data";
}

std::vector<Json> lines_of(const std::string& path) {
  std::vector<Json> out;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    auto json = Json::parse(line, path);
    EXPECT_TRUE(json) << json.error().message;
    if (json) out.push_back(std::move(*json));
  }
  return out;
}

std::string text_of(const Json& text) {
  if (text.as_string() != nullptr) return *text.as_string();
  std::string out;
  for (double i = 0; i < *text["times"].as_number(); ++i) out += *text["repeat"].as_string();
  return out;
}

std::vector<int32_t> integers(const Json& json) {
  std::vector<int32_t> out;
  for (const Json& value : *json.as_array()) out.push_back(static_cast<int32_t>(*value.as_number()));
  return out;
}

std::vector<int32_t> flat_code_point_offsets(const std::string& text, const Encoding& encoding) {
  std::vector<int32_t> out;
  for (const Offset& offset : to_code_point_offsets(text, encoding.offsets)) {
    out.push_back(static_cast<int32_t>(offset.begin));
    out.push_back(static_cast<int32_t>(offset.end));
  }
  return out;
}

void expect_singles(const Tokenizer& tokenizer, const std::string& golden) {
  const std::vector<Json> lines = lines_of(golden);
  ASSERT_GE(lines.size(), 100u) << golden;
  Encoding encoding;
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string text = text_of(lines[i]["text"]);
    ASSERT_TRUE(tokenizer.encode(text, {.with_offsets = true}, encoding));
    EXPECT_EQ(encoding.ids, integers(lines[i]["ids"])) << golden << ":" << i + 1;
    EXPECT_EQ(flat_code_point_offsets(text, encoding), integers(lines[i]["offsets"])) << golden << ":" << i + 1;
    ASSERT_TRUE(tokenizer.encode(text, {}, encoding));
    EXPECT_EQ(encoding.ids, integers(lines[i]["ids"])) << "without offsets, " << golden << ":" << i + 1;
  }
}

void expect_pairs(const Tokenizer& tokenizer, const std::string& golden) {
  const std::vector<Json> lines = lines_of(golden);
  ASSERT_GE(lines.size(), 20u) << golden;
  Encoding encoding;
  for (size_t i = 0; i < lines.size(); ++i) {
    const EncodeOptions options{.max_length = static_cast<size_t>(*lines[i]["max_length"].as_number())};
    ASSERT_TRUE(tokenizer.encode_pair(text_of(lines[i]["a"]), text_of(lines[i]["b"]), options, encoding));
    EXPECT_EQ(encoding.ids, integers(lines[i]["ids"])) << golden << ":" << i + 1;
    EXPECT_EQ(encoding.type_ids, integers(lines[i]["type_ids"])) << golden << ":" << i + 1;
  }
}

void expect_golden(const std::string& folder, const std::string& golden) {
  // The vocab.txt alone, with the tokenizer_config.json beside it, must give the same.
  for (const char* file : {"/tokenizer.json", "/vocab.txt"}) {
    const auto tokenizer = Tokenizer::load(folder + file);
    ASSERT_TRUE(tokenizer) << tokenizer.error().message;
    expect_singles(**tokenizer, golden + ".jsonl");
    expect_pairs(**tokenizer, golden + ".pairs.jsonl");
  }
}

TEST(TokenizerGolden, BertBaseCasedIsHuggingFaces) {
  const std::string data = FLETCHER_TEST_DATA;
  expect_golden(data + "/tokenizers/bert-base-cased", data + "/golden/tokenizers/bert-base-cased");
}

TEST(TokenizerGolden, BertBaseMultilingualCasedIsHuggingFaces) {
  const std::string data = FLETCHER_TEST_DATA;
  expect_golden(data + "/tokenizers/bert-base-multilingual-cased",
                data + "/golden/tokenizers/bert-base-multilingual-cased");
}

void expect_ids_of_model(const std::string& folder, const std::string& golden) {
  const auto json = Json::load(golden);
  ASSERT_TRUE(json) << json.error().message;
  const auto tokenizer = Tokenizer::load(folder);
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  const EncodeOptions options{.max_length = static_cast<size_t>(*(*json)["max_length"].as_number())};
  const std::string prefix = (*json)["prefix"].as_string() != nullptr ? *(*json)["prefix"].as_string() : "";
  Encoding encoding;
  for (const Json& item : *(*json)["items"].as_array()) {
    if (item.contains("a")) {
      ASSERT_TRUE((*tokenizer)->encode_pair(text_of(item["a"]), text_of(item["b"]), options, encoding));
      EXPECT_EQ(encoding.type_ids, integers(item["type_ids"]));
    } else {
      ASSERT_TRUE((*tokenizer)->encode(prefix + text_of(item["text"]), options, encoding));
    }
    EXPECT_EQ(encoding.ids, integers(item["ids"])) << item["text"].describe();
  }
}

TEST(TokenizerGolden, TinyModelsGiveHuggingFacesIds) {
  for (const char* name : {"bert", "bert_dense", "bert_reranker"}) {
    const std::string folder = std::string(FLETCHER_TEST_DATA "/models/tiny/") + name;
    expect_ids_of_model(folder, folder + "/golden.json");
  }
}

TEST(TokenizerGolden, MiniLmGivesHuggingFacesIds) {
  const char* folder = std::getenv("FLETCHER_MINILM");
  if (folder == nullptr || !fs::exists(folder)) {
    std::printf("NOT RUN: ids of all-MiniLM-L6-v2 (FLETCHER_MINILM names no folder)\n");
    return;
  }
  expect_ids_of_model(folder, FLETCHER_TEST_DATA "/golden/all-MiniLM-L6-v2.json");
}

TEST(TokenizerGolden, OtherWordPieceModelsGiveHuggingFacesIds) {
  const std::string tiny = shared_data() + "/models/tiny/";
  if (!fs::exists(tiny)) {
    std::printf("NOT RUN: ids of other tiny models with WordPiece (FLETCHER_SHARED not found)\n");
    return;
  }
  for (const char* name : {"distilbert", "gte", "gte_reranker", "mpnet", "nomic", "splade"}) {
    SCOPED_TRACE(name);
    expect_ids_of_model(tiny + name, tiny + name + "/golden.json");
  }
}

}  // namespace
}  // namespace fletcher
