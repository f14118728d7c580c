// A small retrieval task: documents, queries, and which of them belong together. The layout is that of BEIR.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fletcher::verify {

/// How well a document answers a query, as people judged: 0 not at all.
struct Judgement {
  size_t document = 0;  // index into Corpus::documents
  int grade = 0;
};

struct Document {
  std::string id;
  std::string text;  // title and text, joined by a blank
};

struct Query {
  std::string id;
  std::string text;
  std::vector<Judgement> judgements;  // at least one
};

struct Corpus {
  std::vector<Document> documents;
  std::vector<Query> queries;  // those that somebody judged documents for
};

/// The texts of a corpus' files, and the names under which messages speak of them.
struct CorpusFiles {
  std::string_view documents, queries, judgements;
  std::string documents_name, queries_name, judgements_name;
};

/// Reads `folder`/corpus.jsonl ({"_id", "title", "text"} a line, the title may be missing), queries.jsonl ({"_id",
/// "text"}) and qrels/test.tsv or qrels.tsv (query-id, corpus-id and a grade from 0 to 100, apart by tabs; a header
/// line that begins with "query-id" is passed over). Errors name the file, the line and the field: NOT_FOUND,
/// DATA_LOSS, INVALID_ARGUMENT (an id that is there twice or nowhere; no document; no query with a relevant one).
Result<Corpus> read_corpus(const std::string& folder);
Result<Corpus> parse_corpus(const CorpusFiles& files);

}  // namespace fletcher::verify
