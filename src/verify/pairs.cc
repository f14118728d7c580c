#include "verify/pairs.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <memory>

#include "base/file.h"
#include "base/json.h"
#include "bulk/byte_source.h"
#include "bulk/csv.h"
#include "verify/lines.h"

namespace fletcher::verify {
namespace {

constexpr size_t kMaxRecordBytes = size_t{64} << 20;
// As sentence-transformers names them.
constexpr std::array<std::string_view, 3> kColumns = {"sentence1", "sentence2", "score"};

/// The object that a line holds.
Result<Json> parse_object(std::string_view line, const std::string& place) {
  FLETCHER_TRY_ASSIGN(Json json, Json::parse(line, place));
  if (json.as_object() == nullptr) {
    return invalid_argument(place + ": " + json.describe() + ", wanted an object with sentence1, sentence2 and score");
  }
  return json;
}

Result<TextPair> texts_of(const Json& json) {
  TextPair pair;
  FLETCHER_TRY_ASSIGN(pair.first, json.required_string("sentence1"));
  FLETCHER_TRY_ASSIGN(pair.second, json.required_string("sentence2"));
  return pair;
}

Result<double> score_of(const Json& json) {
  if (json["score"].is_null()) return invalid_argument("\"score\": missing, wanted a number");
  return json.number_or("score", 0);
}

Result<double> parse_score(const std::string& field) {
  double score = 0;
  const char* end = field.data() + field.size();
  const auto parsed = std::from_chars(field.data(), end, score);
  if (parsed.ec != std::errc() || parsed.ptr != end || !std::isfinite(score)) {
    constexpr size_t kLongest = 20;  // the field may be a text that strayed here
    return invalid_argument("\"score\": \"" + field.substr(0, kLongest) + "\", wanted a number");
  }
  return score;
}

/// Where in `header` the three columns are.
Result<std::array<size_t, 3>> find_columns(const std::vector<std::string>& header) {
  std::array<size_t, 3> found{};
  for (size_t i = 0; i < kColumns.size(); ++i) {
    const auto column = std::ranges::find(header, kColumns[i]);
    if (column == header.end()) {
      std::string seen;
      for (const std::string& name : header) seen += (seen.empty() ? "\"" : ", \"") + name + "\"";
      return invalid_argument("no column \"" + std::string(kColumns[i]) + "\", the header has " + seen);
    }
    found[i] = static_cast<size_t>(column - header.begin());
  }
  return found;
}

Result<std::vector<ScoredPair>> read_csv(const std::string& path) {
  FLETCHER_TRY_ASSIGN(const std::unique_ptr<ByteSource> source, ByteSource::open(path));
  source->skip_byte_order_mark();
  CsvParser parser(*source, kMaxRecordBytes);
  const auto here = [&](Error error) { return with_context(std::move(error), line_place(path, parser.line())); };
  std::vector<std::string> fields;
  const auto header = parser.read_record(fields);
  if (!header) return here(header.error());
  const auto columns = find_columns(fields);
  if (!columns) return here(columns.error());
  const size_t width = fields.size();
  std::vector<ScoredPair> pairs;
  while (true) {
    const auto more = parser.read_record(fields);
    if (!more) return here(more.error());
    if (!*more) return pairs;
    if (fields.size() != width) {
      return here(Error{Code::invalid_argument, std::to_string(fields.size()) + " fields, wanted " +
                                                    std::to_string(width) + " as in the header"});
    }
    const auto score = parse_score(fields[(*columns)[2]]);
    if (!score) return here(score.error());
    pairs.push_back({fields[(*columns)[0]], fields[(*columns)[1]], *score});
  }
}

Result<std::vector<ScoredPair>> read_jsonl(std::string_view text, const std::string& name) {
  std::vector<ScoredPair> pairs;
  FLETCHER_TRY(for_each_line(text, [&](std::string_view line, size_t number) -> Result<void> {
    const std::string place = line_place(name, number);
    FLETCHER_TRY_ASSIGN(const Json json, parse_object(line, place));
    auto texts = texts_of(json);
    if (!texts) return with_context(std::move(texts).error(), place);
    auto score = score_of(json);
    if (!score) return with_context(std::move(score).error(), place);
    pairs.push_back({std::move(texts->first), std::move(texts->second), *score});
    return {};
  }));
  return pairs;
}

/// Refuses what has no order to correlate with.
Result<std::vector<ScoredPair>> check(Result<std::vector<ScoredPair>> pairs, const std::string& name) {
  if (!pairs) return pairs;
  if (pairs->size() < 2) {
    return invalid_argument(name + ": " + (pairs->empty() ? "no pairs" : "one pair") + ", wanted at least two");
  }
  if (std::ranges::all_of(*pairs, [&](const ScoredPair& pair) { return pair.score == pairs->front().score; })) {
    return invalid_argument(name + ": all pairs have the same score, wanted scores that tell more alike from less");
  }
  return pairs;
}

}  // namespace

Result<std::vector<ScoredPair>> parse_pairs(std::string_view jsonl, const std::string& name) {
  return check(read_jsonl(jsonl, name), name);
}

Result<std::vector<TextPair>> parse_text_pairs(std::string_view jsonl, const std::string& name) {
  std::vector<TextPair> pairs;
  FLETCHER_TRY(for_each_line(jsonl, [&](std::string_view line, size_t number) -> Result<void> {
    const std::string place = line_place(name, number);
    FLETCHER_TRY_ASSIGN(const Json json, parse_object(line, place));
    auto texts = texts_of(json);
    if (!texts) return with_context(std::move(texts).error(), place);
    pairs.push_back(std::move(*texts));
    return {};
  }));
  return pairs;
}

Result<std::vector<ScoredPair>> read_pairs(const std::string& path) {
  if (path.ends_with(".csv")) return check(read_csv(path), path);
  if (!path.ends_with(".jsonl")) return invalid_argument(path + ": wanted a .jsonl or .csv file of pairs");
  FLETCHER_TRY_ASSIGN(const std::string text, read_file(path));
  return parse_pairs(text, path);
}

}  // namespace fletcher::verify
