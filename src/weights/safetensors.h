// The safetensors format: 8 bytes of header length, a JSON header, then the tensors without holes.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "weights/tensor_file.h"

namespace fletcher {

using TensorMap = std::map<std::string, TensorInfo, std::less<>>;

/// The tensors of a whole file in memory. DATA_LOSS naming `file` and the tensor for anything the format forbids.
/// Source: the format's description in the safetensors repository.
Result<TensorMap> parse_safetensors(std::span<const std::byte> bytes, const std::string& file);

/// One file.
Result<std::unique_ptr<TensorFile>> open_safetensors(const std::string& path);
/// An index with `weight_map`: tensor → file beside the index.
Result<std::unique_ptr<TensorFile>> open_safetensors_index(const std::string& path);

}  // namespace fletcher
