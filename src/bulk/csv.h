// Records of a .csv file, as RFC 4180 describes them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "bulk/byte_source.h"

namespace fletcher {

/// Reads records off a source; holds nothing between them. Not thread-safe.
class CsvParser {
 public:
  CsvParser(ByteSource& source, size_t max_record_bytes) : source_(source), max_record_bytes_(max_record_bytes) {}

  /// Replaces `fields` by those of the next record; false at the end. `line` advances by the lines of the record. Blank
  /// lines are passed over. DATA_LOSS for a quote that is not closed or is followed by something else.
  Result<bool> read_record(std::vector<std::string>& fields, uint64_t& line);

 private:
  Result<void> read_quoted(std::string& field, uint64_t& line);
  Result<void> append(std::string& field, int byte);

  ByteSource& source_;
  size_t max_record_bytes_;
  size_t record_bytes_ = 0;
};

}  // namespace fletcher
