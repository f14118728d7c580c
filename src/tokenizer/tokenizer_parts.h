// What a loaded tokenizer is made of, and the readers that make it.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "tokenizer/added_tokens.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/post_processor.h"
#include "tokenizer/pre_tokenizer.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/wordpiece.h"

namespace fletcher {

struct Tokenizer::Parts {
  std::unique_ptr<Normalizer> normalizer;
  std::unique_ptr<PreTokenizer> pre_tokenizer;
  std::optional<WordPiece> model;
  PostProcessor post_processor;
  AddedTokenFinder raw_tokens;                        // looked for in the text as typed
  AddedTokenFinder normalized_tokens;                 // looked for in the normalised text
  std::vector<std::string> tokens;                    // by id
  std::unordered_map<std::string_view, int32_t> ids;  // keys view `tokens`

  /// Fills `tokens` and `ids`, and sorts the added tokens into their finders. INVALID_ARGUMENT for an id used twice.
  Result<void> set_tokens(const Vocabulary& vocabulary, std::vector<AddedToken> added);
};

/// Reads the text of a tokenizer.json; errors name the field.
Result<std::unique_ptr<Tokenizer::Parts>> parse_tokenizer_json(std::string_view json);
/// Builds what transformers' BertTokenizerFast builds from a vocab.txt and, if there is one, the tokenizer_config.json
/// of the same folder; errors name the file.
Result<std::unique_ptr<Tokenizer::Parts>> load_vocab_txt(const std::string& path);

}  // namespace fletcher
