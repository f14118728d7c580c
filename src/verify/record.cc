#include "verify/record.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/json.h"

namespace fletcher::verify {
namespace {

constexpr double kLeastAgreement = 0.999;
constexpr double kMostSpearmanLoss = 0.001;

void write_quality(JsonWriter& json, std::string_view name, double value, double fp32, double loss) {
  json.key(name).begin_object().key("value").value(value).key("fp32").value(fp32);
  json.key("loss").value(loss).end_object();
}

void write_agreement(JsonWriter& json, const AccuracyRecord& record) {
  const Agreement& agreement = record.agreement;
  json.key("reference").begin_object().key("device").value(record.reference).key("precision").value("fp32");
  json.key("texts").value(agreement.texts).end_object();
  json.key("cosine");
  if (record.classifier) {
    json.null().key("score_spearman").value(agreement.score_spearman);
  } else {
    json.begin_object().key("min").value(agreement.cosine_min).key("mean").value(agreement.cosine_mean).end_object();
    json.key("score_spearman").null();
  }
  json.key("max_abs_difference").value(agreement.max_abs_difference);
}

void write_speed(JsonWriter& json, const AccuracyRecord& record) {
  json.key("threads").value(record.threads).key("tokens_per_second").value(record.tokens_per_second);
  json.key("gflops").value(record.gflops).key("peak_gflops").value(record.peak_gflops).key("percent_of_peak");
  if (record.peak_gflops > 0) {
    json.value(record.percent_of_peak());
  } else {
    json.null();
  }
}

/// Reads members one by one and keeps the first error.
class Reader {
 public:
  explicit Reader(std::string_view file) : file_(file) {}

  void text(const Json& json, std::string_view key, std::string& out) { take(json.required_string(key), out); }
  void flag(const Json& json, std::string_view key, bool& out) { take(json.bool_or(key, false), out); }
  template <typename Integer>
  void count(const Json& json, std::string_view key, Integer& out) {
    uint64_t value = 0;
    take(json.required_uint(key), value);
    out = static_cast<Integer>(value);
  }
  void number(const Json& json, std::string_view key, double& out) {
    if (json[key].is_null()) {
      take<double>(invalid_argument("\"" + std::string(key) + "\": missing, wanted a number"), out);
    } else {
      take(json.number_or(key, 0), out);
    }
  }
  /// null, which stands for what is not finite, is infinity.
  void number_or_infinity(const Json& json, std::string_view key, double& out) {
    take(json.number_or(key, std::numeric_limits<double>::infinity()), out);
  }
  Result<void> status() const { return status_; }

 private:
  template <typename T>
  void take(Result<T> read, T& out) {
    if (read) {
      out = std::move(*read);
    } else if (status_) {
      status_ = with_context(std::move(read).error(), file_);
    }
  }

  std::string_view file_;
  Result<void> status_;
};

void read_agreement(Reader& reader, const Json& json, AccuracyRecord& record) {
  const Json& reference = json["reference"];
  reader.text(reference, "device", record.reference);
  reader.count(reference, "texts", record.agreement.texts);
  if (record.classifier) {
    reader.number(json, "score_spearman", record.agreement.score_spearman);
  } else {
    reader.number(json["cosine"], "min", record.agreement.cosine_min);
    reader.number(json["cosine"], "mean", record.agreement.cosine_mean);
  }
  reader.number_or_infinity(json, "max_abs_difference", record.agreement.max_abs_difference);
}

}  // namespace

void write_record(JsonWriter& json, const AccuracyRecord& r) {
  json.begin_object().key("model").value(r.model).key("fingerprint").value(r.key.fingerprint);
  json.key("version").value(r.key.version).key("device").value(r.key.device);
  json.key("precision").value(r.key.precision).key("pooling").value(r.key.pooling);
  json.key("measured").value(r.measured).key("classifier").value(r.classifier);
  json.key("texts").begin_object().key("digest").value(r.key.texts).key("pairs_from").value(r.pairs_name);
  json.key("pairs").value(r.pairs).key("corpus_from").value(r.corpus_name).key("queries").value(r.queries);
  json.key("documents").value(r.documents).end_object();
  write_agreement(json, r);
  write_quality(json, "spearman", r.quality.spearman, r.fp32_quality.spearman, r.spearman_loss());
  write_quality(json, "ndcg_at_10", r.quality.ndcg_at_10, r.fp32_quality.ndcg_at_10, r.ndcg_loss());
  write_speed(json, r);
  json.key("weight_bytes").value(r.weight_bytes).key("workspace_bytes").value(r.workspace_bytes).end_object();
}

Result<AccuracyRecord> parse_record(std::string_view text, std::string_view file) {
  FLETCHER_TRY_ASSIGN(const Json json, Json::parse(text, file));
  AccuracyRecord r;
  Reader reader(file);
  reader.text(json, "model", r.model);
  reader.text(json, "fingerprint", r.key.fingerprint);
  reader.text(json, "version", r.key.version);
  reader.text(json, "device", r.key.device);
  reader.text(json, "precision", r.key.precision);
  reader.text(json, "pooling", r.key.pooling);
  reader.text(json, "measured", r.measured);
  reader.flag(json, "classifier", r.classifier);
  const Json& texts = json["texts"];
  reader.text(texts, "digest", r.key.texts);
  reader.text(texts, "pairs_from", r.pairs_name);
  reader.count(texts, "pairs", r.pairs);
  reader.text(texts, "corpus_from", r.corpus_name);
  reader.count(texts, "queries", r.queries);
  reader.count(texts, "documents", r.documents);
  read_agreement(reader, json, r);
  reader.number(json["spearman"], "value", r.quality.spearman);
  reader.number(json["spearman"], "fp32", r.fp32_quality.spearman);
  reader.number(json["ndcg_at_10"], "value", r.quality.ndcg_at_10);
  reader.number(json["ndcg_at_10"], "fp32", r.fp32_quality.ndcg_at_10);
  reader.count(json, "threads", r.threads);
  reader.number(json, "tokens_per_second", r.tokens_per_second);
  reader.number(json, "gflops", r.gflops);
  reader.number(json, "peak_gflops", r.peak_gflops);
  reader.count(json, "weight_bytes", r.weight_bytes);
  reader.count(json, "workspace_bytes", r.workspace_bytes);
  FLETCHER_TRY(reader.status());
  return r;
}

bool is_accurate(const AccuracyRecord& record) {
  const double agreement = record.classifier ? record.agreement.score_spearman : record.agreement.cosine_min;
  return agreement >= kLeastAgreement && record.spearman_loss() <= kMostSpearmanLoss;
}

std::string choose_precision(std::span<const AccuracyRecord> records, std::span<const std::string> supported) {
  std::string chosen = "fp32";
  double best = 0;
  for (const std::string& precision : supported) {
    double speed = 0;
    bool accurate = true;
    for (const AccuracyRecord& record : records) {
      if (record.key.precision != precision) continue;
      accurate = accurate && is_accurate(record);
      // Per thread: records of one model may have been measured with different numbers of them.
      const auto threads = static_cast<double>(std::max<size_t>(record.threads, 1));
      speed = std::max(speed, record.tokens_per_second / threads);
    }
    if (accurate && speed > best) {
      chosen = precision;
      best = speed;
    }
  }
  return chosen;
}

}  // namespace fletcher::verify
