// Where accuracy records are kept: in Fletcher's cache, by the fingerprint of the model. Not in the model's own folder:
// that may be read-only or Hugging Face's, and a file more there would change the fingerprint.
#pragma once

#include <string>
#include <vector>

#include "verify/record.h"

namespace fletcher::verify {

/// <cache>/accuracy/<fingerprint>/*.json, one file for each RecordKey but the version: a newer version's record takes
/// the place of an older one's. Thread- and process-safe: files appear whole.
class RecordStore {
 public:
  explicit RecordStore(const std::string& cache_dir) : root_(cache_dir + "/accuracy") {}

  /// False if there cannot be any record, which is cheaper to know than a fingerprint.
  bool has_records() const;
  /// Writes the record, over an older one of the same key, and returns its path. UNAVAILABLE where the cache cannot be
  /// written.
  Result<std::string> save(const AccuracyRecord& record) const;
  /// The records of a model that this version of Fletcher (FLETCHER_VERSION) made, sorted by device, precision and
  /// texts. What cannot be read is passed over: it can be measured again.
  std::vector<AccuracyRecord> load(const std::string& fingerprint) const;

 private:
  std::string root_;
};

}  // namespace fletcher::verify
