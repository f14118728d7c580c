// A piece of text on its way from normalizer to model, with the way back to the original bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tokenizer/offset.h"

namespace fletcher {

/// Valid UTF-8 and, if tracked, for each of its bytes the bytes of the original that its character stands for.
struct NormalizedText {
  std::string text;
  std::vector<Offset> sources;  // empty unless tracks_offsets
  bool tracks_offsets = false;

  void clear() {
    text.clear();
    sources.clear();
  }
  void push(char32_t cp, Offset source);
  void push_ascii(char c, uint32_t at) {
    text += c;
    if (tracks_offsets) sources.push_back({at, at + 1});
  }
};

}  // namespace fletcher
