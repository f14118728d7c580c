// The texts that ship with the program: the files of texts/, compiled in so that no path has to be found at run time.
#pragma once

#include <string_view>

namespace fletcher::verify {

extern const std::string_view kDefaultPairs;         // texts/pairs.jsonl
extern const std::string_view kDefaultTranslations;  // texts/translations.jsonl
extern const std::string_view kDefaultDocuments;     // texts/corpus.jsonl
extern const std::string_view kDefaultQueries;       // texts/queries.jsonl
extern const std::string_view kDefaultJudgements;    // texts/qrels.tsv

}  // namespace fletcher::verify
