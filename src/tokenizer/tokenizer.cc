#include "tokenizer/tokenizer.h"

#include <sys/stat.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/file.h"
#include "base/utf8.h"
#include "tokenizer/tokenizer_parts.h"

namespace fletcher {
namespace {

constexpr size_t kMaxTextBytes = std::numeric_limits<uint32_t>::max();

bool exists(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0;
}

bool is_folder(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

/// The tokens of one text, before the post-processor; its vectors are scratch for the whole text.
class TextEncoder {
 public:
  TextEncoder(const Tokenizer::Parts& parts, bool with_offsets) : parts_(parts), with_offsets_(with_offsets) {
    normalized_.tracks_offsets = with_offsets;
  }

  void encode(std::string_view text) {
    if (parts_.raw_tokens.empty()) {
      encode_piece(text, 0);
      return;
    }
    std::vector<AddedTokenFinder::Part> raw;
    parts_.raw_tokens.split(text, raw);
    for (const auto& part : raw) {
      if (part.token != nullptr) {
        add(part.token->id, {part.range.begin, part.range.end});
      } else {
        encode_piece(text.substr(part.range.begin, part.range.end - part.range.begin), part.range.begin);
      }
    }
  }

  PostProcessor::Tokens tokens() const { return {ids_, offsets_}; }

 private:
  void encode_piece(std::string_view piece, uint32_t base) {
    normalized_.clear();
    parts_.normalizer->normalize(piece, base, normalized_);
    const auto length = static_cast<uint32_t>(normalized_.text.size());
    if (parts_.normalized_tokens.empty()) {
      encode_words({0, length});
      return;
    }
    std::vector<AddedTokenFinder::Part> split;
    parts_.normalized_tokens.split(normalized_.text, split);
    for (const auto& part : split) {
      if (part.token != nullptr) {
        add(part.token->id, source(part.range));
      } else {
        encode_words(part.range);
      }
    }
  }

  void encode_words(Word piece) {
    words_.clear();
    parts_.pre_tokenizer->split(normalized_.text, piece, words_);
    const std::string_view text = normalized_.text;
    for (const Word& word : words_) {
      pieces_.clear();
      parts_.model->tokenize(text.substr(word.begin, word.end - word.begin), pieces_);
      for (const Piece& p : pieces_) add(p.id, source({word.begin + p.begin, word.begin + p.end}));
    }
  }

  /// The bytes of the original that bytes of the normalised text stand for.
  Offset source(Word range) const {
    if (!with_offsets_ || range.begin >= range.end) return {};
    return {normalized_.sources[range.begin].begin, normalized_.sources[range.end - 1].end};
  }

  void add(int32_t id, Offset offset) {
    ids_.push_back(id);
    if (with_offsets_) offsets_.push_back(offset);
  }

  const Tokenizer::Parts& parts_;
  const bool with_offsets_;
  NormalizedText normalized_;
  std::vector<Word> words_;
  std::vector<Piece> pieces_;
  std::vector<int32_t> ids_;
  std::vector<Offset> offsets_;
};

Result<void> check_size(std::string_view text) {
  if (text.size() < kMaxTextBytes) return {};
  return out_of_range("a text of " + std::to_string(text.size()) + " bytes, wanted less than 4 GiB");
}

Result<std::unique_ptr<Tokenizer::Parts>> load_json(const std::string& path, const TokenizerConfig* config) {
  FLETCHER_TRY_ASSIGN(const std::string json, read_file(path));
  auto parts = parse_tokenizer_json(json, config);
  if (!parts) return with_context(std::move(parts).error(), path);
  return parts;
}

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

Result<std::unique_ptr<Tokenizer::Parts>> load_parts(const std::string& path) {
  const bool folder = is_folder(path);
  if (!folder && !path.ends_with(".txt")) return load_json(path, nullptr);
  const bool has_json = folder && exists(path + "/tokenizer.json");
  if (folder && !has_json && !exists(path + "/vocab.txt")) {
    return not_found(path + ": no tokenizer, wanted tokenizer.json or vocab.txt");
  }
  FLETCHER_TRY_ASSIGN(const TokenizerConfig config, TokenizerConfig::load(folder ? path : folder_of(path)));
  FLETCHER_TRY_ASSIGN(auto parts, has_json ? load_json(path + "/tokenizer.json", &config)
                                           : load_vocab_txt(folder ? path + "/vocab.txt" : path, config));
  parts->truncation_side = config.truncation_side;
  return parts;
}

}  // namespace

Result<void> Tokenizer::Parts::set_tokens(const Vocabulary& vocabulary, std::vector<AddedToken> added) {
  FLETCHER_TRY_ASSIGN(tokens, TokenTable::create(vocabulary, added));
  for (const int32_t id : post_processor.special_ids()) {
    if (tokens.token(id).empty()) {
      return invalid_argument("post_processor: special token id " + std::to_string(id) + ", but no token has it");
    }
  }
  std::vector<AddedToken> raw, normal;
  for (AddedToken& token : added) {
    if (!token.normalized) {
      raw.push_back(std::move(token));
      continue;
    }
    // What is looked for in the normalised text is looked for in its normal form.
    NormalizedText form;
    normalizer->normalize(token.content, 0, form);
    token.content = form.text;
    normal.push_back(std::move(token));
  }
  raw_tokens = AddedTokenFinder(std::move(raw));
  normalized_tokens = AddedTokenFinder(std::move(normal));
  return {};
}

Tokenizer::Tokenizer(std::unique_ptr<const Parts> parts) : parts_(std::move(parts)) {}
Tokenizer::~Tokenizer() = default;

Result<std::unique_ptr<Tokenizer>> Tokenizer::load(const std::string& path) {
  FLETCHER_TRY_ASSIGN(std::unique_ptr<const Parts> parts, load_parts(path));
  return std::make_unique<Tokenizer>(std::move(parts));
}

Result<std::unique_ptr<Tokenizer>> Tokenizer::from_json(std::string_view json, const std::string& name) {
  auto parts = parse_tokenizer_json(json, nullptr);
  if (!parts) return with_context(std::move(parts).error(), name);
  return std::make_unique<Tokenizer>(std::move(*parts));
}

Result<void> Tokenizer::encode(std::string_view text, const EncodeOptions& options, Encoding& out) const {
  FLETCHER_TRY(check_size(text));
  TextEncoder encoder(*parts_, options.with_offsets);
  encoder.encode(text);
  return parts_->post_processor.process(encoder.tokens(), nullptr, options, out);
}

Result<void> Tokenizer::encode_pair(std::string_view first, std::string_view second, const EncodeOptions& options,
                                    Encoding& out) const {
  FLETCHER_TRY(check_size(first));
  FLETCHER_TRY(check_size(second));
  TextEncoder first_encoder(*parts_, options.with_offsets), second_encoder(*parts_, options.with_offsets);
  first_encoder.encode(first);
  second_encoder.encode(second);
  const PostProcessor::Tokens second_tokens = second_encoder.tokens();
  return parts_->post_processor.process(first_encoder.tokens(), &second_tokens, options, out);
}

size_t Tokenizer::vocab_size() const { return parts_->tokens.size(); }

std::string_view Tokenizer::id_to_token(int32_t id) const { return parts_->tokens.token(id); }

std::optional<int32_t> Tokenizer::token_to_id(std::string_view token) const { return parts_->tokens.id(token); }

TruncationSide Tokenizer::truncation_side() const { return parts_->truncation_side; }

size_t Tokenizer::num_special_tokens(bool pair) const { return parts_->post_processor.num_special_tokens(pair); }

std::vector<Offset> to_code_point_offsets(std::string_view text, std::span<const Offset> byte_offsets) {
  std::vector<uint32_t> points(text.size() + 1);  // code points before each byte
  uint32_t count = 0;
  for (size_t i = 0; i < text.size();) {
    const size_t length = decode_utf8(text, i).length;
    for (size_t k = 0; k < length; ++k) points[i + k] = count;
    i += length;
    ++count;
  }
  points[text.size()] = count;
  std::vector<Offset> out;
  out.reserve(byte_offsets.size());
  for (const Offset& offset : byte_offsets) out.push_back({points[offset.begin], points[offset.end]});
  return out;
}

}  // namespace fletcher
