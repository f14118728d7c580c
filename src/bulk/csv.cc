#include "bulk/csv.h"

namespace fletcher {

Result<void> CsvParser::append(std::string& field, int byte) {
  if (++record_bytes_ > max_record_bytes_) {
    return resource_exhausted("a record of more than " + std::to_string(max_record_bytes_) + " bytes");
  }
  field += static_cast<char>(byte);
  return {};
}

/// After the opening quote, up to and with the closing one.
Result<void> CsvParser::read_quoted(std::string& field, uint64_t& line) {
  for (int c; (c = source_.next()) >= 0;) {
    if (c == '"') {
      if (source_.peek() != '"') return {};
      source_.next();
    }
    if (c == '\n') ++line;
    FLETCHER_TRY(append(field, c));
  }
  FLETCHER_TRY(source_.status());
  return data_loss("a quote that is not closed before the end of the file");
}

Result<bool> CsvParser::read_record(std::vector<std::string>& fields, uint64_t& line) {
  fields.clear();
  record_bytes_ = 0;
  while (source_.peek() == '\n' || source_.peek() == '\r') {
    if (source_.next() == '\n') ++line;
  }
  if (source_.peek() < 0) {
    FLETCHER_TRY(source_.status());
    return false;
  }
  uint64_t next_line = line + 1;
  for (;;) {
    std::string field;
    if (source_.peek() == '"') {
      source_.next();
      FLETCHER_TRY(read_quoted(field, next_line));
      const int after = source_.peek();
      if (after >= 0 && after != ',' && after != '\n' && after != '\r') {
        return data_loss("text after a closing quote, wanted a comma or the end of the line");
      }
    }
    int c;
    while ((c = source_.next()) >= 0 && c != ',' && c != '\n') {
      if (c == '\r' && (source_.peek() == '\n' || source_.peek() < 0)) continue;
      FLETCHER_TRY(append(field, c));
    }
    fields.push_back(std::move(field));
    if (c == ',') continue;
    FLETCHER_TRY(source_.status());
    line = next_line;
    return true;
  }
}

}  // namespace fletcher
