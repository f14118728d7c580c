// Any bytes as a tokenizer.json: an error or a tokenizer that encodes.

#include <cstdint>

#include "tokenizer/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto tokenizer = fletcher::Tokenizer::from_json({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!tokenizer) return 0;
  fletcher::Encoding encoding;
  (void)(*tokenizer)->encode("Hello wörld [CLS] 北京!", {.max_length = 16, .with_offsets = true}, encoding);
  (void)(*tokenizer)->encode_pair("a b c", "d e f", {.max_length = 5}, encoding);
  return 0;
}
