// The identity of a model folder's content.
#pragma once

#include <string>

#include "base/result.h"

namespace fletcher {

/// XXH3-128, as 32 hexadecimal digits, over the names and bytes of every file of `folder` that decides a vector
/// (*.json,
/// *.txt, *.model, *.safetensors, in sub-folders too), sorted by name. Reads all of them.
Result<std::string> fingerprint_folder(const std::string& folder);

}  // namespace fletcher
