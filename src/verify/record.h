// The accuracy record: how near a model's answers at one precision on one device are to fp32's, and at what speed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/json_writer.h"
#include "base/result.h"
#include "verify/workload.h"

namespace fletcher::verify {

/// What a record was measured on; one that differs in any of these says nothing.
struct RecordKey {
  std::string fingerprint;  // Engine::fingerprint()
  std::string version;      // of Fletcher
  std::string device;       // ModelInfo::device, with the instruction set
  std::string precision;    // "fp32", "bf16", …
  std::string pooling;      // that was asked for instead of the model's own; mostly empty
  std::string texts;        // VerifyTexts::digest

  friend bool operator==(const RecordKey&, const RecordKey&) = default;
};

struct AccuracyRecord {
  RecordKey key;
  std::string model;     // its folder's name
  std::string measured;  // UTC, "2026-11-30T12:00:00Z"
  bool classifier = false;

  std::string pairs_name, corpus_name;
  size_t pairs = 0, queries = 0, documents = 0;

  std::string reference;  // the device, always in fp32, that `agreement` compares with
  Agreement agreement;
  Quality quality;
  Quality fp32_quality;  // what the same texts give in fp32

  size_t threads = 0;
  double tokens_per_second = 0;
  double gflops = 0;
  double peak_gflops = 0;  // of this precision on these threads, in the same run; 0 where nothing measures it
  uint64_t weight_bytes = 0;
  uint64_t workspace_bytes = 0;

  double spearman_loss() const { return fp32_quality.spearman - quality.spearman; }
  double ndcg_loss() const { return fp32_quality.ndcg_at_10 - quality.ndcg_at_10; }
  double percent_of_peak() const { return peak_gflops > 0 ? 100 * gflops / peak_gflops : 0; }
};

/// Appends the record as an object. `cosine` is null for cross-encoders, `score_spearman` for embedding models,
/// `percent_of_peak` where the peak is not known; a number that is not finite is null.
void write_record(JsonWriter& json, const AccuracyRecord& record);
/// The inverse, from the object's text. `file` is for messages; DATA_LOSS or INVALID_ARGUMENT naming it and the field.
Result<AccuracyRecord> parse_record(std::string_view json, std::string_view file);

/// True if the answers may stand for fp32's: smallest cosine (of cross-encoders, the rank correlation of the scores)
/// at least 0.999, and at most 0.001 of Spearman's correlation lost.
bool is_accurate(const AccuracyRecord& record);

/// What `--precision auto` means, given the records of one model, device and version: of the `supported` precisions
/// whose records are all accurate the fastest, by its best record. "fp32" if there is none.
std::string choose_precision(std::span<const AccuracyRecord> records, std::span<const std::string> supported);

}  // namespace fletcher::verify
