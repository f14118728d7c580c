// Any bytes as a safetensors file: an error, or tensors of the size they claim that together are the file's data.

#include <cstdint>
#include <cstdlib>

#include "weights/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span bytes = std::as_bytes(std::span(data, size));
  const auto tensors = fletcher::parse_safetensors(bytes, "fuzz");
  if (!tensors) {
    if (tensors.error().code != fletcher::Code::data_loss || !tensors.error().message.starts_with("fuzz: "))
      std::abort();
    return 0;
  }
  uint64_t header_length = 0;
  for (size_t i = 0; i < 8; ++i) header_length |= uint64_t{data[i]} << 8 * i;
  const std::span data_bytes = bytes.subspan(8 + header_length);
  size_t covered = 0;
  for (const auto& [name, tensor] : *tensors) {
    uint64_t wanted = fletcher::dtype_size(tensor.dtype);
    for (const uint64_t extent : tensor.shape) wanted *= extent;
    if (tensor.data.size() != wanted) std::abort();
    covered += tensor.data.size();
    if (tensor.data.empty()) continue;
    if (tensor.data.data() < data_bytes.data() ||
        tensor.data.data() + tensor.data.size() > data_bytes.data() + data_bytes.size()) {
      std::abort();
    }
  }
  if (covered != data_bytes.size()) std::abort();
  return 0;
}
