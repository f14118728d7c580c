#include "verify/corpus.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <map>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "verify/lines.h"

namespace fletcher::verify {
namespace {

constexpr int kMostGrade = 100;  // 2^100 is still exact in double

/// Id → index.
using Index = std::map<std::string, size_t, std::less<>>;

struct Entry {
  std::string id;
  std::string title;
  std::string text;
};

Result<Entry> parse_entry(std::string_view line, const std::string& place) {
  FLETCHER_TRY_ASSIGN(const Json json, Json::parse(line, place));
  if (json.as_object() == nullptr) {
    return invalid_argument(place + ": " + json.describe() + ", wanted an object with _id and text");
  }
  Entry entry;
  const auto read = [&]() -> Result<void> {
    FLETCHER_TRY_ASSIGN(entry.id, json.required_string("_id"));
    FLETCHER_TRY_ASSIGN(entry.title, json.string_or("title", ""));
    FLETCHER_TRY_ASSIGN(entry.text, json.required_string("text"));
    return {};
  };
  if (auto done = read(); !done) return with_context(std::move(done).error(), place);
  return entry;
}

/// Calls `add(entry)` for every line of a file and fills `index`.
template <typename Add>
Result<void> parse_entries(std::string_view text, const std::string& name, Index& index, const Add& add) {
  FLETCHER_TRY(for_each_line(text, [&](std::string_view line, size_t number) -> Result<void> {
    const std::string place = line_place(name, number);
    FLETCHER_TRY_ASSIGN(Entry entry, parse_entry(line, place));
    if (!index.emplace(entry.id, index.size()).second) {
      return invalid_argument(place + ": \"_id\": \"" + entry.id + "\" is there twice");
    }
    add(std::move(entry));
    return {};
  }));
  if (index.empty()) return invalid_argument(name + ": empty, wanted an object with _id and text a line");
  return {};
}

Result<std::array<std::string_view, 3>> split_judgement(std::string_view line) {
  std::array<std::string_view, 3> fields;
  size_t count = 0;
  for (size_t begin = 0; begin <= line.size(); ++count) {
    const size_t end = std::min(line.find('\t', begin), line.size());
    if (count < fields.size()) fields[count] = line.substr(begin, end - begin);
    begin = end + 1;
  }
  if (count == fields.size()) return fields;
  return invalid_argument(std::to_string(count) + " fields, wanted query-id, corpus-id and score apart by tabs");
}

Result<int> parse_grade(std::string_view field) {
  int grade = 0;
  const auto parsed = std::from_chars(field.data(), field.data() + field.size(), grade);
  if (parsed.ec != std::errc() || parsed.ptr != field.data() + field.size() || grade < 0 || grade > kMostGrade) {
    return invalid_argument("score \"" + std::string(field) + "\", wanted a whole number from 0 to " +
                            std::to_string(kMostGrade));
  }
  return grade;
}

Result<size_t> look_up(const Index& index, std::string_view id, const std::string& what, const std::string& file) {
  const auto found = index.find(id);
  if (found == index.end()) return invalid_argument(what + " \"" + std::string(id) + "\" is not in " + file);
  return found->second;
}

/// One line of judgements into `queries`.
Result<void> add_judgement(std::string_view line, const CorpusFiles& files, const Index& query_index,
                           const Index& document_index, std::vector<Query>& queries) {
  FLETCHER_TRY_ASSIGN(const auto fields, split_judgement(line));
  FLETCHER_TRY_ASSIGN(const size_t query, look_up(query_index, fields[0], "query-id", files.queries_name));
  FLETCHER_TRY_ASSIGN(const size_t document, look_up(document_index, fields[1], "corpus-id", files.documents_name));
  FLETCHER_TRY_ASSIGN(const int grade, parse_grade(fields[2]));
  std::vector<Judgement>& judgements = queries[query].judgements;
  if (std::ranges::find(judgements, document, &Judgement::document) != judgements.end()) {
    return invalid_argument("query-id \"" + std::string(fields[0]) + "\" and corpus-id \"" + std::string(fields[1]) +
                            "\" are judged twice");
  }
  judgements.push_back({document, grade});
  return {};
}

bool has_relevant_document(const Query& query) {
  return std::ranges::any_of(query.judgements, [](const Judgement& judgement) { return judgement.grade > 0; });
}

}  // namespace

Result<Corpus> parse_corpus(const CorpusFiles& files) {
  Corpus corpus;
  Index document_index, query_index;
  FLETCHER_TRY(parse_entries(files.documents, files.documents_name, document_index, [&](Entry entry) {
    std::string text = entry.title.empty() ? std::move(entry.text) : entry.title + " " + entry.text;
    corpus.documents.push_back({std::move(entry.id), std::move(text)});
  }));
  FLETCHER_TRY(parse_entries(files.queries, files.queries_name, query_index, [&](Entry entry) {
    corpus.queries.push_back({std::move(entry.id), std::move(entry.text), {}});
  }));
  FLETCHER_TRY(for_each_line(files.judgements, [&](std::string_view line, size_t number) -> Result<void> {
    if (number == 1 && line.starts_with("query-id\t")) return {};
    auto added = add_judgement(line, files, query_index, document_index, corpus.queries);
    if (!added) return with_context(std::move(added).error(), line_place(files.judgements_name, number));
    return {};
  }));
  std::erase_if(corpus.queries, [](const Query& query) { return query.judgements.empty(); });
  if (std::ranges::none_of(corpus.queries, has_relevant_document)) {
    return invalid_argument(files.judgements_name + ": no query has a relevant document, wanted a score above 0");
  }
  return corpus;
}

Result<Corpus> read_corpus(const std::string& folder) {
  const std::string documents_name = folder + "/corpus.jsonl", queries_name = folder + "/queries.jsonl";
  std::string judgements_name = folder + "/qrels/test.tsv";
  FLETCHER_TRY_ASSIGN(const std::string documents, read_file(documents_name));
  FLETCHER_TRY_ASSIGN(const std::string queries, read_file(queries_name));
  std::error_code error;
  if (!std::filesystem::exists(judgements_name, error)) judgements_name = folder + "/qrels.tsv";
  if (!std::filesystem::exists(judgements_name, error)) {
    return not_found(folder + ": no judgements, wanted qrels/test.tsv or qrels.tsv");
  }
  FLETCHER_TRY_ASSIGN(const std::string judgements, read_file(judgements_name));
  return parse_corpus({documents, queries, judgements, documents_name, queries_name, judgements_name});
}

}  // namespace fletcher::verify
