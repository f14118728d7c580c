// One line of a .jsonl file to its text.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace fletcher {

/// Keeps its parser's memory between lines. Not thread-safe.
class JsonlParser {
 public:
  explicit JsonlParser(std::string column);
  ~JsonlParser();

  /// `line` is `"text"` or an object with a string member `column`. DATA_LOSS for what is not JSON, INVALID_ARGUMENT
  /// for another type; messages name the field.
  Result<void> parse(const std::string& line, std::string& text);

 private:
  struct State;
  std::string column_;
  std::unique_ptr<State> state_;
};

}  // namespace fletcher
