// Text to token ids, exactly as Hugging Face `tokenizers` does it.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tokenizer/encoding.h"

namespace fletcher {

/// Normalizer → pre-tokenizer → model → post-processor, with added tokens found before and after normalising. Padding
/// and truncation stored in the file are ignored. Immutable after load, thread-safe.
class Tokenizer {
 public:
  /// `path`: a model folder, whose tokenizer_config.json overrides what transformers lets it override; a vocab.txt,
  /// with the tokenizer_config.json beside it, if there is one; a tokenizer.json, taken as it stands. Errors name the
  /// file and the field: NOT_FOUND, DATA_LOSS, INVALID_ARGUMENT, UNIMPLEMENTED for an unknown component.
  static Result<std::unique_ptr<Tokenizer>> load(const std::string& path);
  /// From the text of a tokenizer.json.
  static Result<std::unique_ptr<Tokenizer>> from_json(std::string_view json, const std::string& name);
  ~Tokenizer();

  /// Ill-formed UTF-8 counts as U+FFFD, one per maximal ill-formed part. INVALID_ARGUMENT if max_length cannot hold the
  /// special tokens, OUT_OF_RANGE for a text of 4 GiB and more.
  Result<void> encode(std::string_view text, const EncodeOptions& options, Encoding& out) const;
  Result<void> encode_pair(std::string_view first, std::string_view second, const EncodeOptions& options,
                           Encoding& out) const;

  /// Highest id + 1, added tokens included.
  size_t vocab_size() const;
  /// Empty for an id without a token.
  std::string_view id_to_token(int32_t id) const;
  std::optional<int32_t> token_to_id(std::string_view token) const;
  size_t num_special_tokens(bool pair) const;
  /// Where the tokenizer's authors cut long texts: tokenizer_config.json's truncation_side, else right.
  TruncationSide truncation_side() const;

  struct Parts;  // tokenizer_parts.h
  explicit Tokenizer(std::unique_ptr<const Parts> parts);

 private:
  std::unique_ptr<const Parts> parts_;
};

/// Byte offsets of `text` as offsets in code points, as Hugging Face's Python gives them; a maximal ill-formed part of
/// UTF-8 counts as one. Offsets need not be sorted.
std::vector<Offset> to_code_point_offsets(std::string_view text, std::span<const Offset> byte_offsets);

}  // namespace fletcher
