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

}  // namespace

AddedTokenFinder::AddedTokenFinder(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  std::erase_if(tokens_, [](const AddedToken& token) { return token.content.empty(); });
  std::ranges::stable_sort(tokens_, std::ranges::greater{}, [](const AddedToken& t) { return t.content.size(); });
  for (const AddedToken& token : tokens_) starts_[static_cast<unsigned char>(token.content[0])] = true;
}

const AddedToken* AddedTokenFinder::match(std::string_view text, size_t at) const {
  if (!starts_[static_cast<unsigned char>(text[at])]) return nullptr;
  for (const AddedToken& token : tokens_) {
    if (text.substr(at).starts_with(token.content)) return &token;
  }
  return nullptr;
}

void AddedTokenFinder::split(std::string_view text, std::vector<Part>& parts) const {
  size_t done = 0;
  for (size_t i = 0; i < text.size();) {
    const AddedToken* token = match(text, i);
    if (token == nullptr) {
      ++i;
      continue;
    }
    size_t begin = i, end = i + token->content.size();
    i = end;
    if (token->single_word && (word_before(text, begin) || word_after(text, end))) continue;
    while (token->lstrip && begin > done) {
      const size_t previous = previous_character(text, begin);
      if (previous < done || !is_whitespace(decode_utf8(text, previous).code_point)) break;
      begin = previous;
    }
    while (token->rstrip && end < text.size() && is_whitespace(decode_utf8(text, end).code_point)) {
      end += decode_utf8(text, end).length;
    }
    i = std::max(i, end);
    if (done < begin) parts.push_back({{static_cast<uint32_t>(done), static_cast<uint32_t>(begin)}, nullptr});
    parts.push_back({{static_cast<uint32_t>(begin), static_cast<uint32_t>(end)}, token});
    done = end;
  }
  if (done < text.size()) {
    parts.push_back({{static_cast<uint32_t>(done), static_cast<uint32_t>(text.size())}, nullptr});
  }
}

}  // namespace fletcher
