#include "bulk/text_reader.h"

#include <algorithm>
#include <utility>

#include "bulk/csv.h"
#include "bulk/jsonl.h"

namespace fletcher {
namespace {

constexpr size_t kMaxLineBytes = size_t{256} << 20;

std::string extension_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  const size_t dot = path.rfind('.');
  if (dot == std::string::npos || (slash != std::string::npos && dot < slash)) return "";
  return path.substr(dot);
}

class LineReader final : public TextReader {
 public:
  LineReader(std::string name, std::unique_ptr<ByteSource> source) : TextReader(std::move(name), std::move(source)) {}

 private:
  Result<bool> read_text(std::string& text) override {
    ++line_;
    auto more = source_->read_line(text, kMaxLineBytes);
    if (!more) return at_line(more.error().code, line_, more.error().message);
    return more;
  }
  uint64_t line_ = 0;
};

class JsonlReader final : public TextReader {
 public:
  JsonlReader(std::string name, std::unique_ptr<ByteSource> source, std::string column)
      : TextReader(std::move(name), std::move(source)), parser_(std::move(column)) {
    source_->skip_byte_order_mark();
  }

 private:
  Result<bool> read_text(std::string& text) override {
    ++line_;
    json_.clear();
    auto more = source_->read_line(json_, kMaxLineBytes);
    if (!more) return at_line(more.error().code, line_, more.error().message);
    if (!*more) return false;
    const bool blank = json_.find_first_not_of(" \t") == std::string::npos;
    if (blank && source_->peek() < 0) {
      FLETCHER_TRY(source_->status());
      return false;
    }
    const auto parsed = parser_.parse(json_, text);
    if (!parsed) return at_line(parsed.error().code, line_, parsed.error().message);
    return true;
  }
  JsonlParser parser_;
  std::string json_;
  uint64_t line_ = 0;
};

class CsvReader final : public TextReader {
 public:
  CsvReader(std::string name, std::unique_ptr<ByteSource> source)
      : TextReader(std::move(name), std::move(source)), parser_(*source_, kMaxLineBytes) {
    source_->skip_byte_order_mark();
  }

  Result<void> read_header(const std::string& column) {
    FLETCHER_TRY_ASSIGN(const bool any, next_record());
    if (!any) return invalid_argument(name_ + ": empty, wanted a header row");
    const auto found = std::ranges::find(fields_, column);
    if (found == fields_.end()) {
      std::string seen;
      for (const std::string& field : fields_) seen += (seen.empty() ? "\"" : ", \"") + field + "\"";
      return at_line(Code::invalid_argument, parser_.line(), "no column \"" + column + "\", the header has " + seen);
    }
    column_ = static_cast<size_t>(found - fields_.begin());
    columns_ = fields_.size();
    return {};
  }

 private:
  Result<bool> next_record() {
    auto more = parser_.read_record(fields_);
    if (!more) return at_line(more.error().code, parser_.line(), more.error().message);
    return more;
  }

  Result<bool> read_text(std::string& text) override {
    FLETCHER_TRY_ASSIGN(const bool any, next_record());
    if (!any) return false;
    if (fields_.size() != columns_) {
      return at_line(
          Code::invalid_argument, parser_.line(),
          std::to_string(fields_.size()) + " fields, wanted " + std::to_string(columns_) + " as in the header");
    }
    text = std::move(fields_[column_]);
    return true;
  }

  CsvParser parser_;
  std::vector<std::string> fields_;
  size_t column_ = 0;
  size_t columns_ = 0;
};

}  // namespace

Result<std::unique_ptr<TextReader>> TextReader::open(const std::string& path, const std::string& column) {
  FLETCHER_TRY_ASSIGN(auto source, ByteSource::open(path));
  if (path == "-") return std::make_unique<LineReader>("standard input", std::move(source));
  const std::string extension = extension_of(path);
  if (extension == ".txt") return std::make_unique<LineReader>(path, std::move(source));
  if (extension == ".jsonl") return std::make_unique<JsonlReader>(path, std::move(source), column);
  if (extension == ".csv") {
    auto reader = std::make_unique<CsvReader>(path, std::move(source));
    FLETCHER_TRY(reader->read_header(column));
    return reader;
  }
  if (extension == ".parquet" || extension == ".arrow") {
    return invalid_argument(path + ": " + extension + " is not supported by this build, wanted .txt, .jsonl or .csv");
  }
  return invalid_argument(path + ": extension \"" + extension +
                          "\", wanted .txt, .jsonl or .csv, or - for the lines of standard input");
}

Result<size_t> TextReader::read_batch(size_t max_texts, size_t max_bytes, std::vector<std::string>& out) {
  out.clear();
  size_t bytes = 0;
  while (out.size() < max_texts && (out.empty() || bytes < max_bytes)) {
    std::string text;
    FLETCHER_TRY_ASSIGN(const bool more, read_text(text));
    if (!more) break;
    bytes += text.size();
    out.push_back(std::move(text));
  }
  return out.size();
}

tl::unexpected<Error> TextReader::at_line(Code code, uint64_t line, const std::string& what) const {
  return make_error(code, name_ + ": line " + std::to_string(line) + ": " + what);
}

}  // namespace fletcher
