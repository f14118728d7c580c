// What Hugging Face `tokenizers` thinks of a code point. The tables are generated (tools/generate_unicode_tables.py).
#pragma once

#include <cstddef>
#include <cstdint>

namespace fletcher::unicode {

enum Property : uint8_t {
  kRemoved = 1,       // clean_text drops it: controls, NUL, U+FFFD
  kSpace = 2,         // clean_text makes it a blank
  kCjk = 4,           // handle_chinese_chars puts blanks around it
  kMark = 8,          // a nonspacing mark: strip_accents drops it
  kWhitespace = 16,   // BertPreTokenizer splits here and drops it
  kPunctuation = 32,  // BertPreTokenizer makes it a word of its own
  kDecomposes = 64,   // has a canonical decomposition
  kLowers = 128,      // has another lower case
};

struct Mapping {
  char32_t from;
  char32_t to[4];  // filled up with zeros
};
struct ClassRange {
  char32_t first, last;
  uint8_t combining_class;
};
struct Range {
  char32_t first, last;
};

inline constexpr size_t kBlockSize = 128;
extern const uint16_t kPropertyBlock[];  // [0x110000 / kBlockSize]
extern const uint8_t kProperties[];      // [blocks][kBlockSize]
extern const Mapping kDecompositions[];  // full canonical decompositions but Hangul's, ascending
extern const size_t kDecompositionCount;
extern const Mapping kLowerCases[];  // ascending
extern const size_t kLowerCaseCount;
extern const ClassRange kCombiningClasses[];  // canonical combining classes that are not 0, ascending
extern const size_t kCombiningClassCount;
extern const Range kWordRanges[];  // the regex class \w, ascending
extern const size_t kWordRangeCount;

/// The set of Property values of a code point below 0x110000.
inline uint8_t properties(char32_t cp) {
  return kProperties[kPropertyBlock[cp / kBlockSize] * kBlockSize + cp % kBlockSize];
}

/// Up to 4 code points into `out`; the count. `cp` has kDecomposes.
size_t decompose(char32_t cp, char32_t out[4]);
/// Up to 2 code points into `out`; the count. `cp` has kLowers.
size_t lower_case(char32_t cp, char32_t out[4]);
uint8_t combining_class(char32_t cp);
/// Whether an added token with single_word may not stand beside it.
bool is_word(char32_t cp);

}  // namespace fletcher::unicode
