#include "verify/texts.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace fletcher::verify {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

/// A folder of its own for each test.
class Files : public testing::Test {
 protected:
  Files() : root_(fs::path(testing::TempDir()) / (std::string("verify-") + test_name())) {
    fs::create_directories(root_);
  }
  ~Files() override { fs::remove_all(root_); }

  std::string write(const std::string& name, std::string_view content) const {
    const fs::path path = root_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << content;
    return path.string();
  }
  /// A corpus of two documents and one query with these judgements.
  Result<Corpus> corpus_with(std::string_view judgements) const {
    write("corpus.jsonl",
          "{\"_id\":\"d1\",\"title\":\"Wings\",\"text\":\"lift.\"}\n{\"_id\":\"d2\",\"text\":\"drag.\"}\n");
    write("queries.jsonl", "{\"_id\":\"q1\",\"text\":\"why?\"}\n{\"_id\":\"q2\",\"text\":\"how?\"}\n");
    write("qrels.tsv", judgements);
    return read_corpus(root_.string());
  }
  static std::string test_name() { return testing::UnitTest::GetInstance()->current_test_info()->name(); }

  fs::path root_;
};

std::string message(const auto& result) { return result ? "no error" : result.error().message; }

TEST_F(Files, PairsAreReadFromJsonLines) {
  const auto pairs = read_pairs(write("p.jsonl",
                                      "{\"sentence1\":\"a\",\"sentence2\":\"b\",\"score\":4.5}\r\n"
                                      "{\"score\":0,\"sentence2\":\"d\",\"sentence1\":\"c\",\"id\":7}\n\n"));
  ASSERT_TRUE(pairs) << message(pairs);
  ASSERT_THAT(*pairs, SizeIs(2));
  EXPECT_EQ((*pairs)[0].first, "a");
  EXPECT_EQ((*pairs)[0].second, "b");
  EXPECT_EQ((*pairs)[0].score, 4.5);
  EXPECT_EQ((*pairs)[1].first, "c");
}

TEST_F(Files, PairsAreReadFromCsvWhateverTheOrderOfColumns) {
  const auto pairs = read_pairs(write("p.csv", "score,id,sentence2,sentence1\n0.5,1,\"b, b\",a\n-1e1,2,d,c\n"));
  ASSERT_TRUE(pairs) << message(pairs);
  ASSERT_THAT(*pairs, SizeIs(2));
  EXPECT_EQ((*pairs)[0].first, "a");
  EXPECT_EQ((*pairs)[0].second, "b, b");
  EXPECT_EQ((*pairs)[0].score, 0.5);
  EXPECT_EQ((*pairs)[1].score, -10);
}

TEST_F(Files, MalformedPairsNameFileLineAndField) {
  const std::string good = "{\"sentence1\":\"a\",\"sentence2\":\"b\",\"score\":1}\n";
  const auto jsonl = [&](const std::string& line) { return message(read_pairs(write("p.jsonl", good + line))); };
  EXPECT_THAT(jsonl("{\"sentence1\":\"a\",\"score\":1}"), AllOf(HasSubstr("p.jsonl: line 2"), HasSubstr("sentence2")));
  EXPECT_THAT(jsonl("{\"sentence1\":1,\"sentence2\":\"b\",\"score\":1}"),
              HasSubstr("line 2: \"sentence1\": 1, wanted"));
  EXPECT_THAT(jsonl("{\"sentence1\":\"a\",\"sentence2\":\"b\"}"), HasSubstr("line 2: \"score\": missing"));
  EXPECT_THAT(jsonl("{\"sentence1\":\"a\",\"sentence2\":\"b\",\"score\":\"x\"}"), HasSubstr("line 2: \"score\""));
  EXPECT_THAT(jsonl("[1]\n"), HasSubstr("line 2: an array, wanted an object"));
  EXPECT_THAT(jsonl("{\n"), HasSubstr("line 2: not well-formed JSON"));
  EXPECT_THAT(jsonl("\n" + good), HasSubstr("line 2: not well-formed JSON"));

  const auto csv = [&](const std::string& text) { return message(read_pairs(write("p.csv", text))); };
  EXPECT_THAT(csv("sentence1,score\n"), AllOf(HasSubstr("p.csv: line 1: no column \"sentence2\""), HasSubstr("score")));
  EXPECT_THAT(csv("sentence1,sentence2,score\na,b,1\na,b,high\n"), HasSubstr("line 3: \"score\": \"high\", wanted"));
  EXPECT_THAT(csv("sentence1,sentence2,score\na,b\n"), HasSubstr("line 2: 2 fields, wanted 3"));
  EXPECT_THAT(csv("sentence1,sentence2,score\na,\"b\n"), HasSubstr("line 2: a quote"));
  EXPECT_THAT(csv("sentence1,sentence2,score\na,b,nan\n"), HasSubstr("line 2: \"score\""));
  EXPECT_THAT(csv(""), HasSubstr("p.csv: line 1: no column"));
}

TEST_F(Files, PairsWithoutAnOrderAreRefused) {
  EXPECT_THAT(message(read_pairs(write("p.jsonl", ""))), HasSubstr("p.jsonl: no pairs, wanted at least two"));
  const std::string pair = "{\"sentence1\":\"a\",\"sentence2\":\"b\",\"score\":1}\n";
  EXPECT_THAT(message(read_pairs(write("p.jsonl", pair))), HasSubstr("one pair, wanted at least two"));
  EXPECT_THAT(message(read_pairs(write("p.jsonl", pair + pair))), HasSubstr("the same score"));
  EXPECT_THAT(message(read_pairs(write("p.txt", pair))), HasSubstr("p.txt: wanted a .jsonl or .csv"));
  EXPECT_EQ(read_pairs((root_ / "none.jsonl").string()).error().code, Code::not_found);
}

TEST_F(Files, ACorpusJoinsTitleAndText) {
  const auto corpus = corpus_with("query-id\tcorpus-id\tscore\nq1\td2\t3\r\nq1\td1\t0\n");
  ASSERT_TRUE(corpus) << message(corpus);
  ASSERT_THAT(corpus->documents, SizeIs(2));
  EXPECT_EQ(corpus->documents[0].text, "Wings lift.");
  EXPECT_EQ(corpus->documents[1].text, "drag.");
  ASSERT_THAT(corpus->queries, SizeIs(1)) << "nobody judged documents for q2";
  ASSERT_THAT(corpus->queries[0].judgements, SizeIs(2));
  EXPECT_EQ(corpus->queries[0].judgements[0].document, 1u);
  EXPECT_EQ(corpus->queries[0].judgements[0].grade, 3);
}

TEST_F(Files, JudgementsMayLieInAFolder) {
  ASSERT_TRUE(corpus_with("q1\td1\t1\n"));
  fs::remove(root_ / "qrels.tsv");
  EXPECT_THAT(message(read_corpus(root_.string())), HasSubstr("wanted qrels/test.tsv or qrels.tsv"));
  write("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq2\td2\t1\n");
  const auto corpus = read_corpus(root_.string());
  ASSERT_TRUE(corpus) << message(corpus);
  EXPECT_EQ(corpus->queries[0].id, "q2");
}

TEST_F(Files, BrokenJudgementsNameFileLineAndField) {
  const auto error = [&](std::string_view judgements) { return message(corpus_with(judgements)); };
  EXPECT_THAT(error("q1\td1\t1\nq1\td9\t1\n"),
              AllOf(HasSubstr("qrels.tsv: line 2: corpus-id \"d9\" is not in"), HasSubstr("corpus.jsonl")));
  EXPECT_THAT(error("q9\td1\t1\n"), AllOf(HasSubstr("line 1: query-id \"q9\" is not in"), HasSubstr("queries.jsonl")));
  EXPECT_THAT(error("q1\td1\n"), HasSubstr("line 1: 2 fields, wanted query-id, corpus-id and score"));
  EXPECT_THAT(error("q1 d1 1\n"), HasSubstr("line 1: 1 fields"));
  EXPECT_THAT(error("q1\t0\td1\t1\n"), HasSubstr("line 1: 4 fields"));
  EXPECT_THAT(error("q1\td1\tgood\n"), HasSubstr("line 1: score \"good\", wanted a whole number from 0 to 100"));
  EXPECT_THAT(error("q1\td1\t-1\n"), HasSubstr("score \"-1\""));
  EXPECT_THAT(error("q1\td1\t101\n"), HasSubstr("score \"101\""));
  EXPECT_THAT(error("q1\td1\t1\nq1\td1\t2\n"),
              HasSubstr("line 2: query-id \"q1\" and corpus-id \"d1\" are judged twice"));
  EXPECT_THAT(error("q1\td1\t0\n"), HasSubstr("no query has a relevant document"));
  EXPECT_THAT(error(""), HasSubstr("no query has a relevant document"));
}

TEST_F(Files, BrokenDocumentsNameFileLineAndField) {
  ASSERT_TRUE(corpus_with("q1\td1\t1\n"));
  const auto error = [&](std::string_view documents) {
    write("corpus.jsonl", documents);
    return message(read_corpus(root_.string()));
  };
  EXPECT_THAT(error(""), HasSubstr("corpus.jsonl: empty, wanted"));
  EXPECT_THAT(error("{\"_id\":\"d1\"}\n"), HasSubstr("corpus.jsonl: line 1: \"text\": missing"));
  EXPECT_THAT(error("{\"_id\":1,\"text\":\"t\"}\n"), HasSubstr("line 1: \"_id\": 1, wanted a string"));
  EXPECT_THAT(error("{\"_id\":\"d1\",\"text\":\"t\"}\n{\"_id\":\"d1\",\"text\":\"t\"}\n"),
              HasSubstr("line 2: \"_id\": \"d1\" is there twice"));
  fs::remove(root_ / "corpus.jsonl");
  EXPECT_EQ(read_corpus(root_.string()).error().code, Code::not_found);
}

TEST(BuiltInTexts, AreComplete) {
  const auto texts = load_texts("", "");
  ASSERT_TRUE(texts) << message(texts);
  EXPECT_THAT(texts->pairs, SizeIs(1200));
  EXPECT_THAT(texts->translations, SizeIs(240));
  EXPECT_THAT(texts->corpus.documents, SizeIs(320));
  EXPECT_THAT(texts->corpus.queries, SizeIs(48));
  EXPECT_EQ(texts->pairs_name, "built-in");
  EXPECT_THAT(texts->digest, SizeIs(32));
}

TEST_F(Files, TheDigestTellsTextsApart) {
  const auto digest = [&](std::string_view line) {
    const auto texts = load_texts(
        write("p.jsonl", "{\"sentence1\":\"a\",\"sentence2\":\"bc\",\"score\":1}\n" + std::string(line) + "\n"), "");
    return texts ? texts->digest : message(texts);
  };
  const std::string base = digest("{\"sentence1\":\"ab\",\"sentence2\":\"c\",\"score\":2}");
  EXPECT_EQ(digest("{\"sentence2\":\"c\",\"sentence1\":\"ab\",\"score\":2.0}"), base);
  EXPECT_NE(digest("{\"sentence1\":\"a\",\"sentence2\":\"bc\",\"score\":2}"), base);
  EXPECT_NE(digest("{\"sentence1\":\"ab\",\"sentence2\":\"c\",\"score\":3}"), base);
}

}  // namespace
}  // namespace fletcher::verify
