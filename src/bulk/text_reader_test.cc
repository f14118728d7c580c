#include "bulk/text_reader.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "bulk/csv.h"

namespace fletcher {
namespace {

namespace fs = std::filesystem;

std::string file_with(const std::string& name, const std::string& content) {
  const fs::path path = fs::path(testing::TempDir()) / name;
  std::ofstream(path, std::ios::binary) << content;
  return path.string();
}

struct Read {
  std::vector<std::string> texts;
  std::string error;
};

Read read_all(const std::string& path, const std::string& column = "text", size_t batch = 2) {
  Read read;
  auto reader = TextReader::open(path, column);
  if (!reader) return {{}, reader.error().message};
  std::vector<std::string> some;
  for (;;) {
    const auto count = (*reader)->read_batch(batch, 1 << 20, some);
    if (!count) {
      read.error = count.error().message;
      return read;
    }
    if (*count == 0) return read;
    read.texts.insert(read.texts.end(), some.begin(), some.end());
  }
}

using Texts = std::vector<std::string>;

TEST(TextReader, TakesATextALine) {
  EXPECT_EQ(read_all(file_with("a.txt", "one\r\n\n two \nlast")).texts, (Texts{"one", "", " two ", "last"}));
  EXPECT_EQ(read_all(file_with("b.txt", "")).texts, Texts{});
  EXPECT_EQ(read_all(file_with("c.txt", "\n")).texts, Texts{""});
  EXPECT_EQ(read_all(file_with("d.txt", std::string("a\0b\xff\n", 5))).texts, Texts{std::string("a\0b\xff", 4)});
}

TEST(TextReader, TakesStringsAndObjectsOfJsonLines) {
  EXPECT_EQ(read_all(file_with("a.jsonl", "\"x\\ny\"\n{\"id\":1,\"text\":\"é\"}\n")).texts, (Texts{"x\ny", "é"}));
  EXPECT_EQ(read_all(file_with("b.jsonl", "{\"body\":\"b\"}"), "body").texts, Texts{"b"});
}

TEST(TextReader, PassesOverABlankLastLineOfJsonLines) {
  EXPECT_EQ(read_all(file_with("c.jsonl", "\"a\"\r\n \r\n")).texts, Texts{"a"});
  EXPECT_EQ(read_all(file_with("d.jsonl", "\"a\"\n\n")).error, "");
  EXPECT_NE(read_all(file_with("e.jsonl", "\"a\"\n\n\n")).error.find("line 2: empty"), std::string::npos);
}

TEST(TextReader, PassesOverAByteOrderMarkOfJsonAndCsv) {
  EXPECT_EQ(read_all(file_with("mark.jsonl", "\xEF\xBB\xBF\"a\"\n")).texts, Texts{"a"});
  EXPECT_EQ(read_all(file_with("mark.csv", "\xEF\xBB\xBF\"text\",\"id\"\r\n\"a\",1\r\n")).texts, Texts{"a"});
  const std::string text = "\xEF\xBB\xBF" + std::string("a");
  EXPECT_EQ(read_all(file_with("mark.txt", text)).texts, Texts{text});
}

TEST(TextReader, NamesTheLineAndFieldOfBrokenJson) {
  const auto error = [](const std::string& lines) { return read_all(file_with("broken.jsonl", lines)).error; };
  EXPECT_NE(error("\"a\"\n{\"text\":\"b").find("broken.jsonl: line 2: not well-formed JSON"), std::string::npos);
  EXPECT_NE(error("{\"txt\":\"b\"}").find("line 1: no field \"text\""), std::string::npos);
  EXPECT_NE(error("{\"text\":7}").find("line 1: field \"text\" is a number, wanted a string"), std::string::npos);
  EXPECT_NE(error("[\"a\"]").find("line 1: an array, wanted a JSON string or an object"), std::string::npos);
  EXPECT_NE(error("\"a\"\n\n\"b\"").find("line 2: empty, wanted a JSON string"), std::string::npos);
  EXPECT_NE(error("\"\xff\"").find("line 1: not well-formed JSON"), std::string::npos);
}

TEST(TextReader, KeepsWhatCameBeforeTheError) {
  auto reader = TextReader::open(file_with("half.jsonl", "\"a\"\n\"b\"\n{"));
  std::vector<std::string> texts;
  EXPECT_FALSE((*reader)->read_batch(10, 1 << 20, texts));
  EXPECT_EQ(texts, (Texts{"a", "b"}));
}

TEST(TextReader, ReadsCsvAsRfc4180) {
  EXPECT_EQ(read_all(file_with("a.csv", "\xEF\xBB\xBFid,text\r\n1,\"say \"\"hi\"\",\nyou\"\r\n2,plain\n\n3,\n")).texts,
            (Texts{"say \"hi\",\nyou", "plain", ""}));
  EXPECT_EQ(read_all(file_with("b.csv", "text\nlast"), "text").texts, Texts{"last"});
}

TEST(TextReader, NamesWhatIsWrongWithACsv) {
  const auto error = [](const std::string& csv) { return read_all(file_with("broken.csv", csv)).error; };
  EXPECT_NE(error("id,body\n1,2\n").find("line 1: no column \"text\", the header has \"id\", \"body\""),
            std::string::npos);
  EXPECT_NE(error("id,text\n1,a\n\"x\ny\",b,c\n").find("line 3: 3 fields, wanted 2"), std::string::npos);
  EXPECT_NE(error("text\n\"open").find("line 2: a quote that is not closed"), std::string::npos);
  EXPECT_NE(error("text\n\"a\"b\n").find("line 2: text after a closing quote"), std::string::npos);
  EXPECT_NE(error("text\n\"a\"\rb\n").find("line 2: text after a closing quote"), std::string::npos);
  EXPECT_NE(error("id,text\n1,a\n\n\n2\n").find("line 5: 1 fields, wanted 2"), std::string::npos);
  EXPECT_NE(error("\n\nid\n").find("line 3: no column"), std::string::npos);
  EXPECT_NE(error("").find("empty, wanted a header row"), std::string::npos);
}

TEST(TextReader, RefusesFoldersMissingFilesAndOtherExtensions) {
  EXPECT_NE(read_all(testing::TempDir()).error.find("is a directory"), std::string::npos);
  EXPECT_NE(read_all("/nowhere/a.txt").error.find("/nowhere/a.txt: cannot open"), std::string::npos);
  EXPECT_NE(read_all(file_with("a.tsv", "x")).error.find("extension \".tsv\", wanted .txt, .jsonl or .csv"),
            std::string::npos);
  EXPECT_NE(read_all(file_with("a.parquet", "PAR1")).error.find(".parquet is not supported by this build"),
            std::string::npos);
}

TEST(TextReader, EndsABatchAtItsBytes) {
  auto reader = TextReader::open(file_with("bytes.txt", "aaaa\nbbbb\ncccc\n"));
  std::vector<std::string> texts;
  EXPECT_EQ((*reader)->read_batch(10, 5, texts).value(), 2u);
  EXPECT_EQ((*reader)->read_batch(10, 5, texts).value(), 1u);
  EXPECT_EQ((*reader)->bytes_read(), (*reader)->total_bytes());
}

TEST(TextReader, RefusesLinesAndRecordsAboveTheirLimit) {
  auto lines = ByteSource::open(file_with("limit.txt", "abcd\nabcde\n")).value();
  std::string line;
  EXPECT_TRUE(lines->read_line(line, 4));
  line.clear();
  EXPECT_EQ(lines->read_line(line, 4).error().code, Code::resource_exhausted);

  auto records = ByteSource::open(file_with("limit.csv", "ab,cd\n\"ab\",\"c\nde\"\n")).value();
  CsvParser parser(*records, 4);
  Texts fields;
  EXPECT_TRUE(parser.read_record(fields));
  EXPECT_EQ(fields, (Texts{"ab", "cd"}));
  EXPECT_EQ(parser.read_record(fields).error().code, Code::resource_exhausted);
  EXPECT_EQ(parser.line(), 2u);

  const std::string commas = "text\n" + std::string(1 << 20, ',') + "\n";
  EXPECT_NE(read_all(file_with("commas.csv", commas)).error.find("line 2: a record of more than 65536 fields"),
            std::string::npos);
}

TEST(TextReader, ReadsALineOfFiftyMegabytes) {
  const auto read = read_all(file_with("long.txt", std::string(50'000'000, 'x') + "\ny\n"));
  ASSERT_EQ(read.texts.size(), 2u);
  EXPECT_EQ(read.texts[0].size(), 50'000'000u);
}

}  // namespace
}  // namespace fletcher
