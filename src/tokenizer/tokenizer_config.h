// tokenizer_config.json: what transformers' tokenizer classes are made with.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "tokenizer/encoding.h"
#include "tokenizer/normalizer.h"

namespace fletcher {

struct TokenizerConfig {
  Json json;                    // null if the folder has no such file
  std::string path;             // "" if the folder has no such file
  std::string tokenizer_class;  // without "Fast"; "" where the file does not say
  TruncationSide truncation_side = TruncationSide::right;

  /// The file of `folder`, or the defaults if there is none. Errors name the file and the field.
  static Result<TokenizerConfig> load(const std::string& folder);

  /// True for the classes that build BERT's normalizer from their own arguments, whatever a tokenizer.json says: with
  /// transformers 5.24, BertTokenizer and its other names, which is also what AutoTokenizer takes for a BERT model
  /// whose file names no class. False for those that take the tokenizer.json as it is, such as TokenizersBackend
  /// (PreTrainedTokenizerFast) and ConvBertTokenizer.
  bool builds_bert_normalizer() const;
  /// What such a class makes of do_lower_case, strip_accents and tokenize_chinese_chars.
  Result<BertNormalizer::Switches> bert_switches() const;
};

}  // namespace fletcher
