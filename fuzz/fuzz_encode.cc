// Any bytes as a text: ids of the vocabulary, offsets inside the text, truncation honoured.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "tokenizer/tokenizer.h"

namespace {

constexpr const char* kTokenizer = R"({"added_tokens":[
  {"id":0,"content":"[UNK]","special":true},{"id":1,"content":"[CLS]","special":true},
  {"id":2,"content":"[SEP]","special":true},{"id":9,"content":"Né w","lstrip":true,"rstrip":true,"normalized":true},
  {"id":10,"content":"qq","single_word":true,"normalized":false}],
  "normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},
  "pre_tokenizer":{"type":"BertPreTokenizer"},
  "post_processor":{"type":"BertProcessing","sep":["[SEP]",2],"cls":["[CLS]",1]},
  "model":{"type":"WordPiece","unk_token":"[UNK]","vocab":{"[UNK]":0,"[CLS]":1,"[SEP]":2,"a":3,"##b":4,"e":5,"北":6,"!":7,"##a":8}}})";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto tokenizer = fletcher::Tokenizer::from_json(kTokenizer, "fuzz").value();
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t max_length = 3 + data[0] % 32;
  fletcher::Encoding encoding;
  if (!tokenizer->encode(text, {.max_length = max_length, .with_offsets = true}, encoding)) std::abort();
  if (encoding.ids.size() > max_length || encoding.offsets.size() != encoding.ids.size()) std::abort();
  for (size_t i = 0; i < encoding.ids.size(); ++i) {
    if (encoding.offsets[i].begin > encoding.offsets[i].end || encoding.offsets[i].end > text.size()) std::abort();
    if (tokenizer->id_to_token(encoding.ids[i]).empty()) std::abort();
  }
  (void)fletcher::to_code_point_offsets(text, encoding.offsets);
  return 0;
}
