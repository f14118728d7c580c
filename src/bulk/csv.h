// Records of a .csv file, as RFC 4180 describes them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "bulk/byte_source.h"

namespace fletcher {

/// Reads records off a source, which must outlive it; lines end in LF or CRLF. Not thread-safe.
class CsvParser {
 public:
  CsvParser(ByteSource& source, size_t max_record_bytes) : source_(source), max_record_bytes_(max_record_bytes) {}

  /// Replaces `fields` by those of the next record; false at the end. Blank lines are passed over. DATA_LOSS for a
  /// quote that is not closed or is followed by something else.
  Result<bool> read_record(std::vector<std::string>& fields);
  /// Where the record read last begins, or the one that failed; from 1.
  uint64_t line() const { return line_; }

 private:
  Result<void> read_quoted(std::string& field);
  bool at_line_end();
  Result<void> append(std::string& field, int byte);

  ByteSource& source_;
  size_t max_record_bytes_;
  size_t record_bytes_ = 0;
  uint64_t line_ = 1;
  uint64_t next_line_ = 1;
};

}  // namespace fletcher
