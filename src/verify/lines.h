// The lines of a text in memory, counted for messages.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fletcher::verify {

/// "FILE: line N".
inline std::string line_place(std::string_view file, size_t line) {
  return std::string(file) + ": line " + std::to_string(line);
}

/// Calls `visit(line, number)`, numbers from 1, for every line without its end (LF or CRLF), until it returns an error.
/// A blank line at the end is none.
template <typename Visit>
Result<void> for_each_line(std::string_view text, const Visit& visit) {
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (text.empty() && line.find_first_not_of(" \t") == std::string_view::npos) break;
    FLETCHER_TRY(visit(line, number));
  }
  return {};
}

}  // namespace fletcher::verify
