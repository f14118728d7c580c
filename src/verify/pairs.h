// Pairs of texts with the likeness that people gave them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "fletcher/engine.h"

namespace fletcher::verify {

struct ScoredPair {
  std::string first;
  std::string second;
  double score = 0;  // the higher, the more alike; only the order counts
};

/// Reads a .jsonl file of {"sentence1", "sentence2", "score"} or a .csv with these columns. At least two pairs, and not
/// all with the same score. Errors name the file, the line and the field: NOT_FOUND, INVALID_ARGUMENT, DATA_LOSS.
Result<std::vector<ScoredPair>> read_pairs(const std::string& path);

/// The same from the text of a .jsonl file; `name` stands for the file in messages.
Result<std::vector<ScoredPair>> parse_pairs(std::string_view jsonl, const std::string& name);

/// Pairs that nobody scored: the text of a .jsonl file of {"sentence1", "sentence2"}. May be empty.
Result<std::vector<TextPair>> parse_text_pairs(std::string_view jsonl, const std::string& name);

}  // namespace fletcher::verify
