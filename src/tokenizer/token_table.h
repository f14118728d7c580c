// Which id is which token: a model's vocabulary and the added tokens together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "tokenizer/added_tokens.h"
#include "tokenizer/vocabulary.h"

namespace fletcher {

/// Immutable, thread-safe. Move-only: the map's keys view the strings.
class TokenTable {
 public:
  TokenTable() = default;
  TokenTable(TokenTable&&) = default;
  TokenTable& operator=(TokenTable&&) = default;

  /// Gives the added tokens their final ids: as in `tokenizers`, a token of the vocabulary keeps its id and any other
  /// gets the next free one, in order, whatever the file says; of equal contents the last stays, empty ones go.
  /// INVALID_ARGUMENT for an id that two tokens claim, or that is out of range.
  static Result<TokenTable> create(const Vocabulary& vocabulary, std::vector<AddedToken>& added);

  /// Highest id + 1.
  size_t size() const { return tokens_.size(); }
  /// Empty for an id without a token.
  std::string_view token(int32_t id) const;
  std::optional<int32_t> id(std::string_view token) const;

 private:
  Result<void> add_vocabulary(const Vocabulary& vocabulary, size_t num_added);
  Result<int32_t> place(const AddedToken& token, size_t& next_id);

  std::vector<std::string> tokens_;  // by id
  std::unordered_map<std::string_view, int32_t> ids_;
};

}  // namespace fletcher
