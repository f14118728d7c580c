#include "tokenizer/added_tokens.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "tokenizer/unicode.h"

namespace fletcher {
namespace {

bool is_whitespace(char32_t cp) { return (unicode::properties(cp) & unicode::kWhitespace) != 0; }

/// The start of the character that ends before byte `at` (> 0).
size_t previous_character(std::string_view text, size_t at) {
  size_t i = at - 1;
  while (i > 0 && at - i < 4 && (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) --i;
  return i + decode_utf8(text, i).length == at ? i : at - 1;
}

bool word_before(std::string_view text, size_t at) {
  return at > 0 && unicode::is_word(decode_utf8(text, previous_character(text, at)).code_point);
}

bool word_after(std::string_view text, size_t at) {
  return at < text.size() && unicode::is_word(decode_utf8(text, at).code_point);
}

/// Where the whitespace that ends at byte `at` begins, but not before `limit`.
size_t whitespace_begin(std::string_view text, size_t at, size_t limit) {
  while (at > limit) {
    const size_t previous = previous_character(text, at);
    if (previous < limit || !is_whitespace(decode_utf8(text, previous).code_point)) break;
    at = previous;
  }
  return at;
}

size_t whitespace_end(std::string_view text, size_t at) {
  while (at < text.size()) {
    const Utf8Decoded d = decode_utf8(text, at);
    if (!is_whitespace(d.code_point)) break;
    at += d.length;
  }
  return at;
}

}  // namespace

AddedTokenFinder::AddedTokenFinder(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  std::erase_if(tokens_, [](const AddedToken& token) { return token.content.empty(); });
  for (size_t i = tokens_.size(); i-- > 0;) {  // backwards: the trie keeps what comes last
    trie_.insert(tokens_[i].content, static_cast<int32_t>(i));
    starts_[static_cast<unsigned char>(tokens_[i].content[0])] = true;
  }
}

void AddedTokenFinder::split(std::string_view text, std::vector<Part>& parts) const {
  size_t done = 0;
  const auto push = [&](size_t begin, size_t end, const AddedToken* token) {
    parts.push_back({{static_cast<uint32_t>(begin), static_cast<uint32_t>(end)}, token});
  };
  for (size_t i = 0; i < text.size();) {
    ByteTrie::Match match;
    if (starts_[static_cast<unsigned char>(text[i])]) match = trie_.longest_match(ByteTrie::kRoot, text.substr(i));
    if (match.value < 0) {
      ++i;
      continue;
    }
    const AddedToken& token = tokens_[static_cast<size_t>(match.value)];
    size_t begin = i, end = i + match.length;
    i = end;
    if (token.single_word && (word_before(text, begin) || word_after(text, end))) continue;
    if (token.lstrip) begin = std::max(done, whitespace_begin(text, begin, done));
    if (token.rstrip) end = whitespace_end(text, end);
    if (begin > end) continue;  // a token of whitespace in whitespace that an rstrip took
    if (done < begin) push(done, begin, nullptr);
    push(begin, end, &token);
    done = end;
  }
  if (done < text.size()) push(done, text.size(), nullptr);
}

}  // namespace fletcher
