// Any bytes as a safetensors file: an error or tensors that lie inside the file, never a crash.

#include <cstdint>
#include <cstdlib>

#include "weights/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto tensors = fletcher::parse_safetensors(std::as_bytes(std::span(data, size)), "fuzz");
  if (!tensors) return 0;
  for (const auto& [name, tensor] : *tensors) {
    const auto* begin = reinterpret_cast<const uint8_t*>(tensor.data.data());
    if (tensor.data.size() > 0 && (begin < data || begin + tensor.data.size() > data + size)) std::abort();
  }
  return 0;
}
