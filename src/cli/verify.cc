// fletcher verify: how near a model's answers at every precision are to fp32's, and at what speed.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/json_writer.h"
#include "cli/accuracy.h"
#include "cli/commands.h"
#include "cli/device_peak.h"
#include "cli/flags.h"
#include "cli/log.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "verify/accuracy.h"

namespace fletcher::cli {
namespace {

using verify::AccuracyRecord;

struct VerifyFlags {
  ModelFlags model;
  ProgressFlags progress;
  std::vector<std::string> precisions;
  std::string pairs;
  std::string corpus;
  bool json = false;
};

/// The precisions that were asked for, each once, or all that the device has.
Outcome<std::vector<std::string>> wanted_precisions(const VerifyFlags& flags, const EngineOptions& options) {
  FLETCHER_CLI_TRY_ASSIGN(const DeviceInfo device,
                          blame(ExitCode::model, Engine::describe_device(options.device, options.isa)));
  if (flags.precisions.empty()) return device.precisions;
  std::vector<std::string> wanted;
  for (const std::string& precision : flags.precisions) {
    FLETCHER_CLI_TRY(check_precision(precision, device));
    if (std::ranges::find(wanted, precision) == wanted.end()) wanted.push_back(precision);
  }
  return wanted;
}

/// A progress bar for each phase.
class PhaseProgress {
 public:
  explicit PhaseProgress(bool enabled) : enabled_(enabled) {}

  void update(std::string_view phase, size_t done, size_t total) {
    if (bar_ == nullptr || phase != phase_) {
      bar_.reset();
      phase_ = phase;
      bar_ = std::make_unique<ProgressBar>("verify " + phase_, enabled_, ProgressUnit::texts);
    }
    bar_->update(done, total, done);
    if (done == total) bar_->finish();
  }

 private:
  bool enabled_;
  std::string phase_;
  std::unique_ptr<ProgressBar> bar_;
};

struct Report {
  std::string model;  // as the user called it
  std::vector<AccuracyRecord> records;
  std::string folder;          // where they are stored; empty if they are not
  std::string auto_precision;  // what --precision auto means now
};

/// Stores the records and returns the folder; empty, with a warning, if that failed: they are printed all the same.
std::string store(const std::vector<AccuracyRecord>& records) {
  const verify::RecordStore cache = record_store();
  std::string folder;
  for (const AccuracyRecord& record : records) {
    const auto path = cache.save(record);
    if (!path) {
      log_warning("the records were not stored: " + path.error().message);
      return "";
    }
    folder = path->substr(0, path->rfind('/'));
  }
  return folder;
}

std::string to_json(const Report& report) {
  const AccuracyRecord& first = report.records.front();
  JsonWriter json;
  json.begin_object().key("model").value(first.model).key("fingerprint").value(first.key.fingerprint);
  json.key("records").begin_array();
  for (const AccuracyRecord& record : report.records) write_record(json, record);
  json.end_array().key("auto").value(report.auto_precision).key("stored");
  if (report.folder.empty()) {
    json.null();
  } else {
    json.value(report.folder);
  }
  json.end_object();
  return json.str() + "\n";
}

std::string to_table(const Report& report) {
  const AccuracyRecord& r = report.records.front();
  std::string out = report.model + ": " + with_thousands(r.pairs) + " pairs (" + r.pairs_name + "), " +
                    with_thousands(r.queries) + " queries over " + with_thousands(r.documents) + " documents (" +
                    r.corpus_name + ")\n\n" + accuracy_table(report.records) + "\n--precision auto means " +
                    report.auto_precision + " for this model on " + r.key.device + "\n";
  if (!report.folder.empty()) out += "stored in " + report.folder + "\n";
  return out;
}

Outcome<void> run_verify(VerifyFlags flags, const std::vector<std::string>& arguments) {
  if (arguments.size() > 1) {
    return fail(ExitCode::usage, std::to_string(arguments.size()) + " models, wanted one");
  }
  if (!arguments.empty()) flags.model.model = arguments[0];
  FLETCHER_CLI_TRY_ASSIGN(const verify::VerifyTexts texts,
                          blame(ExitCode::input, verify::load_texts(flags.pairs, flags.corpus)));
  FLETCHER_CLI_TRY_ASSIGN(EngineOptions options, engine_options(flags.model, flags.progress));
  FLETCHER_CLI_TRY_ASSIGN(const std::vector<std::string> precisions, wanted_precisions(flags, options));
  PhaseProgress progress(flags.progress.wanted());
  verify::AccuracyOptions accuracy{.engine = std::move(options), .precisions = precisions, .texts = texts};
  accuracy.measure_peak = [](const ModelInfo& info, size_t threads) {
    return device_peak_gflops(info.device, info.precision, threads).value_or(0);
  };
  accuracy.progress = [&](std::string_view phase, size_t done, size_t total) { progress.update(phase, done, total); };
  Report report{.model = flags.model.model};
  FLETCHER_CLI_TRY_ASSIGN(report.records, blame(ExitCode::model, verify::measure_accuracy(accuracy)));
  report.folder = store(report.records);
  FLETCHER_CLI_TRY_ASSIGN(report.auto_precision, blame(ExitCode::model, precision_by_records(accuracy.engine)));
  return print(flags.json ? to_json(report) : to_table(report));
}

}  // namespace

Command make_verify_command(CLI::App& root) {
  CLI::App& app = add_command(root, "verify", "Measure how accurate a model is at every precision", "[FLAGS] [MODEL]");
  const auto flags = std::make_shared<VerifyFlags>();
  app.add_option("--pairs", flags->pairs, "Pairs of texts with scores (.jsonl, .csv) [built-in]")
      ->group("Texts")
      ->option_text("FILE");
  app.add_option("--corpus", flags->corpus, "Folder of documents, queries and judgements [built-in]")
      ->group("Texts")
      ->option_text("DIR");
  app.add_flag("--json", flags->json, "Print an object")->group("Output");
  flags->progress.add_to(app);
  flags->model.add_without_precision_to(app);
  app.add_option("--precision", flags->precisions,
                 "fp32, bf16, fp16 or int8; may be repeated [all that the device has]")
      ->group("Model")
      ->option_text("NAME")
      ->check(CLI::IsMember({"fp32", "bf16", "fp16", "int8"}));
  app.footer(
      "Every text's result is compared with fp32's: by cosine (for cross-encoders, whose results are scores, by\n"
      "Spearman's rank correlation) and by the largest difference. fp32 is the reference device's where that is quick\n"
      "enough, else the cpu's, which is then itself compared with the reference on as many texts as there is time "
      "for.\n"
      "SPEARMAN: likeness of the pairs against their scores. NDCG@10: the queries. LOSS: fp32's value minus this one.\n"
      "Speed is that of the built-in documents, whatever the texts are.\n\n"
      "Records are kept in Fletcher's cache by the model's fingerprint and shown by fletcher info. --precision auto "
      "of\n"
      "the other commands means the fastest precision with a smallest cosine (or rank correlation) of at least 0.999\n"
      "and a Spearman loss of at most 0.001 in all its records; fp32 without a record.\n\n"
      "--pairs FILE has sentence1, sentence2 and score. --corpus DIR has BEIR's layout: corpus.jsonl (_id, title, "
      "text),\n"
      "queries.jsonl (_id, text), and query-id, corpus-id and score in qrels/test.tsv or qrels.tsv. The built-in "
      "texts\n"
      "are from the Cranfield collection and from Tatoeba (tatoeba.org, CC BY 2.0 FR).");
  return {&app, [flags](const auto& arguments) { return run_verify(*flags, arguments); }};
}

}  // namespace fletcher::cli
