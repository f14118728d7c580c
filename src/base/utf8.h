// Decoding of UTF-8, one code point at a time, with the replacement rule of Python and the WHATWG.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fletcher {

struct Utf8Decoded {
  char32_t code_point = 0xFFFD;
  uint8_t length = 1;  // bytes consumed, at least 1
  bool valid = false;
};

/// The code point that starts at byte `at` (< text.size()). An ill-formed sequence gives U+FFFD and the length of its
/// maximal subpart, as Unicode (table 3-7, "U+FFFD substitution of maximal subparts") and Python's errors="replace" do.
inline Utf8Decoded decode_utf8(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) return {lead, 1, true};
  if (lead < 0xC2 || lead > 0xF4) return {};
  const uint8_t need = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
  unsigned char low = 0x80, high = 0xBF;
  if (lead == 0xE0) low = 0xA0;
  if (lead == 0xED) high = 0x9F;
  if (lead == 0xF0) low = 0x90;
  if (lead == 0xF4) high = 0x8F;
  char32_t cp = lead & (0x3F >> need);
  for (uint8_t k = 1; k <= need; ++k) {
    if (at + k >= text.size() || byte(at + k) < low || byte(at + k) > high) return {0xFFFD, k, false};
    cp = cp << 6 | (byte(at + k) & 0x3F);
    low = 0x80;
    high = 0xBF;
  }
  return {cp, static_cast<uint8_t>(need + 1), true};
}

/// Appends the UTF-8 form of a scalar value.
inline void append_utf8(std::string& out, char32_t cp) {
  if (cp < 0x80) {
    out += static_cast<char>(cp);
  } else if (cp < 0x800) {
    out += static_cast<char>(0xC0 | cp >> 6);
    out += static_cast<char>(0x80 | (cp & 0x3F));
  } else if (cp < 0x10000) {
    out += static_cast<char>(0xE0 | cp >> 12);
    out += static_cast<char>(0x80 | (cp >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (cp & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | cp >> 18);
    out += static_cast<char>(0x80 | (cp >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (cp >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (cp & 0x3F));
  }
}

/// `text` itself if it is well formed, else a copy in which every ill-formed part is U+FFFD.
std::string to_valid_utf8(std::string_view text);
/// True if every sequence of `text` is well formed.
bool is_valid_utf8(std::string_view text);

}  // namespace fletcher
