#include "verify/accuracy.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>

#include "base/result.h"
#include "base/thread_pool.h"
#include "fletcher/version.h"

namespace fletcher::verify {
namespace {

constexpr size_t kSpeedTasks = 64;
constexpr size_t kLeastRounds = 3;
constexpr double kLeastSeconds = 2;
constexpr const char* kReferenceDevice = "reference";

struct Speed {
  double tokens_per_second = 0;
  double gflops = 0;
  double peak_gflops = 0;
};

/// What one engine gave.
struct Run {
  ModelInfo info;
  std::vector<Answer> answers;
  double flops = 0;  // useful operations of all of them
  std::optional<Speed> speed;
};

Result<std::unique_ptr<Engine>> load(EngineOptions options, const std::string& device, const std::string& isa,
                                     const std::string& precision) {
  options.device = device;
  options.isa = isa;
  options.precision = precision;
  return Engine::load(options);
}

std::string utc_now() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  const size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text, size};
}

/// Indices of tasks that cost `budget` operations together, spread over all of them; at least the cheapest.
std::vector<size_t> choose_sample(const Run& run, double budget) {
  const auto cost = [&](const Answer& answer) {
    const auto tokens = static_cast<double>(answer.tokens);
    return tokens * (run.info.flops_per_token + tokens * run.info.flops_per_token_pair);
  };
  const size_t n = run.answers.size();
  // Steps of the golden ratio visit every index once and are evenly spread wherever they stop.
  size_t step = std::max<size_t>(1, static_cast<size_t>(0.618 * static_cast<double>(n)));
  while (std::gcd(step, n) != 1) ++step;
  std::vector<size_t> sample;
  for (size_t i = 0, at = 0; i < n; ++i, at = (at + step) % n) {
    const double needed = cost(run.answers[at]);
    if (needed > budget) continue;
    budget -= needed;
    sample.push_back(at);
  }
  if (sample.empty()) {
    const auto shortest = std::ranges::min_element(run.answers, {}, &Answer::tokens);
    sample.push_back(static_cast<size_t>(shortest - run.answers.begin()));
  }
  return sample;
}

template <typename T>
std::vector<T> pick(const std::vector<T>& all, const std::vector<size_t>& indices) {
  std::vector<T> picked;
  for (const size_t i : indices) picked.push_back(all[i]);
  return picked;
}

/// What speed is measured on: the built-in documents, for a cross-encoder each with the first query.
Result<std::vector<Task>> speed_tasks(bool classifier) {
  FLETCHER_TRY_ASSIGN(const VerifyTexts texts, load_texts("", ""));
  std::vector<Task> tasks;
  for (const Document& document : texts.corpus.documents) {
    if (tasks.size() == kSpeedTasks) break;
    if (classifier) {
      tasks.push_back({Role::text_pair, TextPair{texts.corpus.queries[0].text, document.text}, "built-in text"});
    } else {
      tasks.push_back({Role::document, document.text, "built-in text"});
    }
  }
  return tasks;
}

/// One verification: what its steps share.
class Verification {
 public:
  Verification(const AccuracyOptions& options, const ModelInfo& info, std::string fingerprint)
      : options_(options), workload_(options.texts, info.classifier), fingerprint_(std::move(fingerprint)) {}

  /// Computes fp32 on the cpu, at its best instruction set: what all else is compared with, directly or not. Its speed
  /// is measured if it will be asked for.
  Result<void> compute_baseline(Engine& cpu_engine, bool with_speed) {
    FLETCHER_TRY_ASSIGN(baseline_, run(cpu_engine, workload_.tasks(), with_speed));
    return {};
  }
  /// Computes the reference device's answers, to all tasks if they are cheap enough, else, if `some` will do, to some.
  Result<void> compute_reference(bool some);
  Result<AccuracyRecord> measure(const std::string& precision) const;

 private:
  Result<Run> run(Engine& engine, const std::vector<Task>& tasks, bool with_speed) const;
  Result<Speed> measure_speed(Engine& engine) const;
  AccuracyRecord describe(const Run& run) const;
  size_t threads() const { return options_.engine.threads == 0 ? usable_threads() : options_.engine.threads; }

  const AccuracyOptions& options_;
  const Workload workload_;
  const std::string fingerprint_;
  Run baseline_;
  std::optional<Run> reference_;       // of all tasks
  std::optional<Run> reference_some_;  // of those in sample_
  std::vector<size_t> sample_;
};

Result<void> Verification::compute_reference(bool some) {
  const bool all = baseline_.flops <= options_.reference_flops;
  if (!all && !some) return {};
  FLETCHER_TRY_ASSIGN(const auto engine, load(options_.engine, "reference", "", "fp32"));
  if (all) {
    FLETCHER_TRY_ASSIGN(reference_, run(*engine, workload_.tasks(), false));
  } else {
    sample_ = choose_sample(baseline_, options_.reference_flops);
    FLETCHER_TRY_ASSIGN(reference_some_, run(*engine, pick(workload_.tasks(), sample_), false));
  }
  return {};
}

Result<AccuracyRecord> Verification::measure(const std::string& precision) const {
  if (precision == "fp32" && baseline_.speed) return describe(baseline_);
  FLETCHER_TRY_ASSIGN(const auto engine, load(options_.engine, options_.engine.device, options_.engine.isa, precision));
  FLETCHER_TRY_ASSIGN(const Run measured, run(*engine, workload_.tasks(), true));
  return describe(measured);
}

Result<Run> Verification::run(Engine& engine, const std::vector<Task>& tasks, bool with_speed) const {
  const std::string phase = engine.info().device == kReferenceDevice ? kReferenceDevice : engine.info().precision;
  TaskProgress progress;
  if (options_.progress) progress = [&](size_t done) { options_.progress(phase, done, tasks.size()); };
  Run run{.info = engine.info()};
  FLETCHER_TRY_ASSIGN(run.answers, compute(engine, tasks, progress));
  run.flops = engine.stage_times().flops;
  if (with_speed) {
    FLETCHER_TRY_ASSIGN(run.speed, measure_speed(engine));
  }
  return run;
}

Result<Speed> Verification::measure_speed(Engine& engine) const {
  FLETCHER_TRY_ASSIGN(const std::vector<Task> tasks, speed_tasks(engine.info().classifier));
  std::vector<Speed> rounds;
  for (double elapsed = 0; rounds.size() < kLeastRounds || elapsed < kLeastSeconds;) {
    const Engine::StageTimes before = engine.stage_times();
    const auto start = std::chrono::steady_clock::now();
    FLETCHER_TRY(compute(engine, tasks));
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    const Engine::StageTimes after = engine.stage_times();
    rounds.push_back({.tokens_per_second = static_cast<double>(after.tokens - before.tokens) / seconds.count(),
                      .gflops = (after.flops - before.flops) / seconds.count() * 1e-9});
    elapsed += seconds.count();
  }
  const auto median = rounds.begin() + static_cast<ptrdiff_t>(rounds.size() / 2);
  std::ranges::nth_element(rounds, median, {}, &Speed::tokens_per_second);
  if (options_.measure_peak) median->peak_gflops = options_.measure_peak(engine.info(), threads());
  return *median;
}

AccuracyRecord Verification::describe(const Run& run) const {
  const bool in_part =
      !reference_ && reference_some_ && run.info.precision == "fp32" && run.info.device != kReferenceDevice;
  const Run& fp32 = reference_ ? *reference_ : baseline_;
  AccuracyRecord record;
  record.key = {fingerprint_,       FLETCHER_VERSION,        run.info.device,
                run.info.precision, options_.engine.pooling, options_.texts.digest};
  record.model = run.info.name;
  record.measured = utc_now();
  record.classifier = run.info.classifier;
  record.pairs_name = options_.texts.pairs_name;
  record.corpus_name = options_.texts.corpus_name;
  record.pairs = options_.texts.pairs.size();
  record.queries = options_.texts.corpus.queries.size();
  record.documents = options_.texts.corpus.documents.size();
  record.reference = in_part ? reference_some_->info.device : fp32.info.device;
  record.agreement = in_part ? compare(pick(run.answers, sample_), reference_some_->answers, record.classifier)
                             : compare(run.answers, fp32.answers, record.classifier);
  record.quality = workload_.quality(run.answers);
  record.fp32_quality = workload_.quality(fp32.answers);
  record.threads = threads();
  record.tokens_per_second = run.speed->tokens_per_second;
  record.gflops = run.speed->gflops;
  record.peak_gflops = run.speed->peak_gflops;
  record.weight_bytes = run.info.weight_bytes;
  record.workspace_bytes = run.info.workspace_bytes;
  return record;
}

}  // namespace

Result<std::vector<AccuracyRecord>> measure_accuracy(const AccuracyOptions& options) {
  FLETCHER_TRY_ASSIGN(const DeviceInfo device, Engine::describe_device(options.engine.device, options.engine.isa));
  FLETCHER_TRY_ASSIGN(std::unique_ptr<Engine> engine, load(options.engine, "cpu", "", "fp32"));
  const ModelInfo& info = engine->info();
  if (info.classifier && info.labels.size() != 1) {
    return failed_precondition(info.name + " has " + std::to_string(info.labels.size()) +
                               " labels, wanted one: a score to order texts by");
  }
  FLETCHER_TRY_ASSIGN(std::string fingerprint, engine->fingerprint());
  Verification verification(options, info, std::move(fingerprint));
  const bool wants_fp32 = std::ranges::find(options.precisions, "fp32") != options.precisions.end();
  FLETCHER_TRY(verification.compute_baseline(*engine, wants_fp32 && device.name == info.device));
  engine.reset();
  FLETCHER_TRY(verification.compute_reference(wants_fp32 && device.name != kReferenceDevice));
  std::vector<AccuracyRecord> records;
  for (const std::string& precision : options.precisions) {
    FLETCHER_TRY_ASSIGN(AccuracyRecord record, verification.measure(precision));
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace fletcher::verify
