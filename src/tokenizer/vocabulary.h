// The tokens of a model as a file lists them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace fletcher {

/// Tokens and ids in the order of the file; of equal tokens the last counts.
using Vocabulary = std::vector<std::pair<std::string, int32_t>>;

}  // namespace fletcher
