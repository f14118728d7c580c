// A span of bytes of the original text.
#pragma once

#include <cstdint>

namespace fletcher {

struct Offset {
  uint32_t begin = 0;
  uint32_t end = 0;

  friend bool operator==(const Offset&, const Offset&) = default;
};

}  // namespace fletcher
