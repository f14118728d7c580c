#include "bulk/csv.h"

#include <utility>

namespace fletcher {
namespace {

// More than any table has. Keeps a line of nothing but commas from taking 33 times its size in memory.
constexpr size_t kMostFields = 65536;

}  // namespace

Result<void> CsvParser::append(std::string& field, int byte) {
  if (++record_bytes_ > max_record_bytes_) {
    return resource_exhausted("a record of more than " + std::to_string(max_record_bytes_) + " bytes");
  }
  field += static_cast<char>(byte);
  return {};
}

/// After the opening quote, up to and with the closing one.
Result<void> CsvParser::read_quoted(std::string& field) {
  for (int c; (c = source_.next()) >= 0;) {
    if (c == '"') {
      if (source_.peek() != '"') return {};
      source_.next();
    }
    if (c == '\n') ++next_line_;
    FLETCHER_TRY(append(field, c));
  }
  FLETCHER_TRY(source_.status());
  return data_loss("a quote that is not closed before the end of the file");
}

/// After a carriage return: whether it belongs to the end of a line.
bool CsvParser::at_line_end() { return source_.peek() == '\n' || source_.peek() < 0; }

Result<bool> CsvParser::read_record(std::vector<std::string>& fields) {
  fields.clear();
  record_bytes_ = 0;
  while (source_.peek() == '\n' || source_.peek() == '\r') {
    if (source_.next() == '\n') ++next_line_;
  }
  line_ = next_line_;
  if (source_.peek() < 0) {
    FLETCHER_TRY(source_.status());
    return false;
  }
  for (;;) {
    std::string field;
    const bool quoted = source_.peek() == '"';
    if (quoted) {
      source_.next();
      FLETCHER_TRY(read_quoted(field));
    }
    int c;
    while ((c = source_.next()) >= 0 && c != ',' && c != '\n') {
      if (c == '\r' && at_line_end()) continue;
      if (quoted) return data_loss("text after a closing quote, wanted a comma or the end of the line");
      FLETCHER_TRY(append(field, c));
    }
    fields.push_back(std::move(field));
    if (c == ',' && fields.size() == kMostFields) {
      return resource_exhausted("a record of more than " + std::to_string(kMostFields) + " fields");
    }
    if (c == ',') continue;
    FLETCHER_TRY(source_.status());
    ++next_line_;
    return true;
  }
}

}  // namespace fletcher
