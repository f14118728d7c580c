#include "tokenizer/pre_tokenizer.h"

#include "base/utf8.h"
#include "tokenizer/unicode.h"

namespace fletcher {

void WholePreTokenizer::split(std::string_view, Word piece, std::vector<Word>& words) const {
  if (piece.begin < piece.end) words.push_back(piece);
}

void BertPreTokenizer::split(std::string_view text, Word piece, std::vector<Word>& words) const {
  uint32_t start = piece.begin;
  const auto flush = [&](uint32_t end) {
    if (start < end) words.push_back({start, end});
  };
  for (uint32_t i = piece.begin; i < piece.end;) {
    const Utf8Decoded d = decode_utf8(text, i);
    const uint8_t properties = unicode::properties(d.code_point);
    const uint32_t next = i + d.length;
    if (properties & (unicode::kWhitespace | unicode::kPunctuation)) {
      flush(i);
      if (properties & unicode::kPunctuation) words.push_back({i, next});
      start = next;
    }
    i = next;
  }
  flush(piece.end);
}

}  // namespace fletcher
