#include "tokenizer/lower_case.h"

#include "base/utf8.h"
#include "tokenizer/unicode.h"

namespace fletcher {

std::string lower_case(std::string_view text) {
  constexpr char32_t kCapitalSigma = 0x3A3, kFinalSigma = 0x3C2;
  std::string out;
  out.reserve(text.size());
  bool after_word = false;
  for (size_t i = 0; i < text.size();) {
    const Utf8Decoded d = decode_utf8(text, i);
    i += d.length;
    const bool before_word = i < text.size() && unicode::is_word(decode_utf8(text, i).code_point);
    if (d.code_point == kCapitalSigma && after_word && !before_word) {
      append_utf8(out, kFinalSigma);
    } else if (unicode::properties(d.code_point) & unicode::kLowers) {
      char32_t parts[4];
      const size_t count = unicode::lower_case(d.code_point, parts);
      for (size_t k = 0; k < count; ++k) append_utf8(out, parts[k]);
    } else {
      append_utf8(out, d.code_point);
    }
    after_word = unicode::is_word(d.code_point);
  }
  return out;
}

}  // namespace fletcher
