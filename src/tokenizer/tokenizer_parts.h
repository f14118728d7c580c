// What a loaded tokenizer is made of, and the readers that make it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "tokenizer/added_tokens.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/post_processor.h"
#include "tokenizer/pre_tokenizer.h"
#include "tokenizer/token_table.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/tokenizer_config.h"
#include "tokenizer/vocabulary.h"
#include "tokenizer/wordpiece.h"

namespace fletcher {

struct Tokenizer::Parts {
  std::unique_ptr<Normalizer> normalizer;
  std::unique_ptr<PreTokenizer> pre_tokenizer;
  std::optional<WordPiece> model;
  PostProcessor post_processor;
  AddedTokenFinder raw_tokens;         // looked for in the text as typed
  AddedTokenFinder normalized_tokens;  // looked for in the normalised text
  TokenTable tokens;
  TruncationSide truncation_side = TruncationSide::right;

  /// Fills the last three; call it when all else is set. Errors as TokenTable::create, and INVALID_ARGUMENT for a
  /// post-processor whose special tokens have ids that no token has.
  Result<void> set_tokens(const Vocabulary& vocabulary, std::vector<AddedToken> added);
};

/// Reads the text of a tokenizer.json, with what the tokenizer_config.json of its folder overrides; errors name the
/// field.
Result<std::unique_ptr<Tokenizer::Parts>> parse_tokenizer_json(std::string_view json, const TokenizerConfig* config);
/// One of its `added_tokens`, without the id.
Result<AddedToken> read_added_token(const Json& json);
/// Builds what transformers' BertTokenizer builds from a vocab.txt and the tokenizer_config.json of its folder; errors
/// name the file.
Result<std::unique_ptr<Tokenizer::Parts>> load_vocab_txt(const std::string& path, const TokenizerConfig& config);

}  // namespace fletcher
