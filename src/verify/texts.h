// What a model is verified on: scored pairs and a retrieval task, the user's own or those that ship with the program.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "verify/corpus.h"
#include "verify/pairs.h"

namespace fletcher::verify {

/// The name of the texts that ship with the program.
inline constexpr const char* kBuiltIn = "built-in";

struct VerifyTexts {
  std::vector<ScoredPair> pairs;
  std::vector<TextPair> translations;  // come with the built-in pairs: texts of many languages, only to be compared
  Corpus corpus;
  std::string pairs_name;   // a file, or kBuiltIn
  std::string corpus_name;  // a folder, or kBuiltIn
  /// XXH3-128 of all texts, scores and judgements, as 32 hexadecimal digits: what a record was measured on.
  std::string digest;
};

/// `pairs_file` as read_pairs takes it, `corpus_folder` as read_corpus does; an empty one means the built-in texts.
Result<VerifyTexts> load_texts(const std::string& pairs_file, const std::string& corpus_folder);

}  // namespace fletcher::verify
