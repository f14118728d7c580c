#include "verify/texts.h"

#include <cstdio>
#include <string_view>
#include <type_traits>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "verify/default_texts.h"

namespace fletcher::verify {
namespace {

/// Hashes values one after the other; a text with its length, so that no two lists of texts look the same.
class Digest {
 public:
  Digest() { XXH3_128bits_reset(&state_); }
  Digest& add(std::string_view text) {
    add_number(text.size());
    XXH3_128bits_update(&state_, text.data(), text.size());
    return *this;
  }
  template <typename Number>
    requires std::is_arithmetic_v<Number>
  Digest& add_number(Number number) {
    XXH3_128bits_update(&state_, &number, sizeof number);
    return *this;
  }
  std::string hex() const {
    const XXH128_hash_t hash = XXH3_128bits_digest(&state_);
    char out[33];
    std::snprintf(out, sizeof out, "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                  static_cast<unsigned long long>(hash.low64));
    return out;
  }

 private:
  XXH3_state_t state_;
};

std::string digest_of(const VerifyTexts& texts) {
  Digest digest;
  digest.add_number(texts.pairs.size());
  for (const ScoredPair& pair : texts.pairs) digest.add(pair.first).add(pair.second).add_number(pair.score);
  digest.add_number(texts.translations.size());
  for (const TextPair& pair : texts.translations) digest.add(pair.first).add(pair.second);
  digest.add_number(texts.corpus.documents.size());
  for (const Document& document : texts.corpus.documents) digest.add(document.text);
  for (const Query& query : texts.corpus.queries) {
    digest.add(query.text).add_number(query.judgements.size());
    for (const Judgement& judgement : query.judgements) {
      digest.add_number(judgement.document).add_number(judgement.grade);
    }
  }
  return digest.hex();
}

Result<Corpus> built_in_corpus() {
  return parse_corpus({kDefaultDocuments, kDefaultQueries, kDefaultJudgements, "built-in corpus.jsonl",
                       "built-in queries.jsonl", "built-in qrels.tsv"});
}

}  // namespace

Result<VerifyTexts> load_texts(const std::string& pairs_file, const std::string& corpus_folder) {
  VerifyTexts texts;
  texts.pairs_name = pairs_file.empty() ? kBuiltIn : pairs_file;
  texts.corpus_name = corpus_folder.empty() ? kBuiltIn : corpus_folder;
  if (pairs_file.empty()) {
    FLETCHER_TRY_ASSIGN(texts.pairs, parse_pairs(kDefaultPairs, "built-in pairs.jsonl"));
    FLETCHER_TRY_ASSIGN(texts.translations, parse_text_pairs(kDefaultTranslations, "built-in translations.jsonl"));
  } else {
    FLETCHER_TRY_ASSIGN(texts.pairs, read_pairs(pairs_file));
  }
  FLETCHER_TRY_ASSIGN(texts.corpus, corpus_folder.empty() ? built_in_corpus() : read_corpus(corpus_folder));
  texts.digest = digest_of(texts);
  return texts;
}

}  // namespace fletcher::verify
