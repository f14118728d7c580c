#include "tokenizer/unicode.h"

#include <algorithm>
#include <span>

namespace fletcher::unicode {
namespace {

size_t look_up(std::span<const Mapping> table, char32_t cp, char32_t out[4]) {
  const auto row = std::ranges::lower_bound(table, cp, {}, &Mapping::from);
  size_t count = 0;
  while (count < 4 && row->to[count] != 0) {
    out[count] = row->to[count];
    ++count;
  }
  return count;
}

template <typename T>
const T* find_range(std::span<const T> table, char32_t cp) {
  const auto row = std::ranges::lower_bound(table, cp, {}, &T::last);
  return row != table.end() && row->first <= cp ? &*row : nullptr;
}

}  // namespace

size_t decompose(char32_t cp, char32_t out[4]) {
  // Hangul syllables by arithmetic: The Unicode Standard, section 3.12.
  constexpr char32_t kSyllables = 0xAC00, kLeading = 0x1100, kVowels = 0x1161, kTrailing = 0x11A7;
  constexpr char32_t kVowelCount = 21, kTrailingCount = 28, kSyllableCount = 11172;
  if (cp >= kSyllables && cp < kSyllables + kSyllableCount) {
    const char32_t index = cp - kSyllables;
    out[0] = kLeading + index / (kVowelCount * kTrailingCount);
    out[1] = kVowels + index / kTrailingCount % kVowelCount;
    if (index % kTrailingCount == 0) return 2;
    out[2] = kTrailing + index % kTrailingCount;
    return 3;
  }
  return look_up({kDecompositions, kDecompositionCount}, cp, out);
}

size_t lower_case(char32_t cp, char32_t out[4]) { return look_up({kLowerCases, kLowerCaseCount}, cp, out); }

uint8_t combining_class(char32_t cp) {
  const ClassRange* range = find_range<ClassRange>({kCombiningClasses, kCombiningClassCount}, cp);
  return range != nullptr ? range->combining_class : 0;
}

bool is_word(char32_t cp) { return find_range<Range>({kWordRanges, kWordRangeCount}, cp) != nullptr; }

}  // namespace fletcher::unicode
