#include "tokenizer/token_table.h"

#include <algorithm>
#include <utility>

namespace fletcher {
namespace {

/// Ids may leave holes, but a hostile file must not make us allocate for 2^31 of them.
constexpr size_t kMaxHoles = size_t{1} << 20;

Result<void> check_range(int32_t id, const std::string& token, size_t limit) {
  if (id >= 0 && static_cast<size_t>(id) < limit) return {};
  return invalid_argument("token \"" + token + "\" has id " + std::to_string(id) + ", wanted 0 to " +
                          std::to_string(limit - 1));
}

tl::unexpected<Error> claimed_twice(int32_t id, std::string_view first, std::string_view second) {
  return invalid_argument("id " + std::to_string(id) + " belongs to \"" + std::string(first) + "\" and to \"" +
                          std::string(second) + "\"");
}

}  // namespace

Result<void> TokenTable::add_vocabulary(const Vocabulary& vocabulary, size_t num_added) {
  const size_t limit = vocabulary.size() + kMaxHoles;
  size_t size = 0;
  for (const auto& [token, id] : vocabulary) {
    FLETCHER_TRY(check_range(id, token, limit));
    size = std::max(size, static_cast<size_t>(id) + 1);
  }
  tokens_.reserve(size + num_added);  // no string may move once a key views it
  tokens_.resize(size);
  ids_.reserve(vocabulary.size() + num_added);
  for (const auto& [token, id] : vocabulary) {
    std::string& slot = tokens_[static_cast<size_t>(id)];
    if (!slot.empty() && slot != token) return claimed_twice(id, slot, token);
    slot = token;
    ids_.insert_or_assign(slot, id);
  }
  return {};
}

Result<int32_t> TokenTable::place(const AddedToken& token, size_t& next_id) {
  // An id in the file that is another token's is a mistake even where `tokenizers` would not use it.
  const std::string_view owner = this->token(token.id);
  if (!owner.empty() && owner != token.content) return claimed_twice(token.id, owner, token.content);
  if (const auto known = id(token.content)) {
    next_id = std::max(next_id, static_cast<size_t>(*known) + 1);
    return *known;
  }
  const auto free_id = static_cast<int32_t>(next_id++);
  if (static_cast<size_t>(free_id) >= tokens_.size()) tokens_.resize(static_cast<size_t>(free_id) + 1);
  std::string& slot = tokens_[static_cast<size_t>(free_id)];
  if (!slot.empty()) return claimed_twice(free_id, slot, token.content);
  slot = token.content;
  ids_.emplace(slot, free_id);
  return free_id;
}

Result<TokenTable> TokenTable::create(const Vocabulary& vocabulary, std::vector<AddedToken>& added) {
  TokenTable table;
  FLETCHER_TRY(table.add_vocabulary(vocabulary, added.size()));
  std::unordered_map<int32_t, std::string_view> claims;
  for (const AddedToken& token : added) {
    FLETCHER_TRY(check_range(token.id, token.content, vocabulary.size() + added.size() + kMaxHoles));
    const auto [claim, is_new] = claims.emplace(token.id, token.content);
    if (!is_new && claim->second != token.content) return claimed_twice(token.id, claim->second, token.content);
  }
  std::vector<AddedToken> kept;
  std::unordered_map<int32_t, size_t> places;  // in `kept`, by id
  size_t next_id = table.ids_.size();
  for (AddedToken& token : added) {
    if (token.content.empty()) continue;
    FLETCHER_TRY_ASSIGN(token.id, table.place(token, next_id));
    const auto [spot, is_new] = places.emplace(token.id, kept.size());
    if (is_new) {
      kept.push_back(std::move(token));
    } else {
      kept[spot->second] = std::move(token);
    }
  }
  added = std::move(kept);
  return table;
}

std::string_view TokenTable::token(int32_t id) const {
  if (id < 0 || static_cast<size_t>(id) >= tokens_.size()) return {};
  return tokens_[static_cast<size_t>(id)];
}

std::optional<int32_t> TokenTable::id(std::string_view token) const {
  if (const auto found = ids_.find(token); found != ids_.end()) return found->second;
  return std::nullopt;
}

}  // namespace fletcher
