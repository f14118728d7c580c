// fletcher bench: how fast this machine computes a model, or with --ops each op of one, against the peak measured in
// the same run.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json_writer.h"
#include "base/thread_pool.h"
#include "cli/bench_texts.h"
#include "cli/bulk_job.h"
#include "cli/commands.h"
#include "cli/device_peak.h"
#include "cli/flags.h"
#include "cli/op_bench.h"
#include "cli/op_cases.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "cli/text_source.h"

namespace fletcher::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kDefaultTexts = 400;
constexpr size_t kMostTexts = 1'000'000;
constexpr double kDefaultSeconds = 2;
constexpr double kWarmUpSeconds = 1;
constexpr size_t kLeastRounds = 3;
// A round longer than the time asked for by this factor is not repeated for the sake of kLeastRounds.
constexpr double kPatience = 5;

struct BenchFlags {
  ModelFlags model;
  TextFlags text;
  InputFlags input;
  ProgressFlags progress;
  std::optional<double> seconds;
  bool single = false;
  bool json = false;
  bool ops = false;
  std::string op;
  std::string shape;
};

/// One pass over the texts.
struct Round {
  double seconds = 0;
  double read_seconds = 0;
  double write_seconds = 0;
  Engine::StageTimes stages;  // of this round alone
  std::vector<double> latencies;
};

struct Report {
  std::string model, device, precision;
  size_t threads = 0, texts = 0, rounds = 0;
  uint64_t tokens = 0;
  double texts_per_second = 0, best_texts_per_second = 0, tokens_per_second = 0;
  double gflops = 0, attention_gflops = 0, peak_gflops = 0;
  double mixed_peak_gflops = 0;  // int8 alone: products at its peak, attention at that of its own arithmetic; 0: none
  double read_share = 0, tokenize_share = 0, encode_share = 0, write_share = 0;
  double p50_ms = 0, p99_ms = 0;
  bool single = false;

  double percent_of_peak() const { return peak_gflops > 0 ? 100 * gflops / peak_gflops : 0; }
  double percent_of_mixed_peak() const { return mixed_peak_gflops > 0 ? 100 * gflops / mixed_peak_gflops : 0; }
};

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

Engine::StageTimes difference(const Engine::StageTimes& after, const Engine::StageTimes& before) {
  return {after.tokenize_seconds - before.tokenize_seconds, after.encode_seconds - before.encode_seconds,
          after.tokens - before.tokens, after.flops - before.flops};
}

/// Runs the texts through: the job of `fletcher embed`, its rows as an .npy file holds them, and thrown away.
class RoundRunner {
 public:
  RoundRunner(Engine& engine, const BenchFlags& flags, const std::vector<std::string>& texts)
      : engine_(engine), flags_(flags), texts_(texts), request_(flags.text.request()) {
    if (flags.single) request_.lane = Lane::interactive;
    if (engine.info().classifier) request_.outputs = static_cast<uint8_t>(Output::logits);
  }

  const EmbedRequest& request() const { return request_; }

  Outcome<void> warm_up() {
    const auto start = Clock::now();
    for (size_t first = 0; first < texts_.size() && since(start) < kWarmUpSeconds; first += kWindow) {
      const size_t last = std::min(texts_.size(), first + kWindow);
      const auto begin = texts_.begin();
      const auto source =
          make_memory_source({begin + static_cast<ptrdiff_t>(first), begin + static_cast<ptrdiff_t>(last)});
      FLETCHER_CLI_TRY(run(*source));
    }
    return {};
  }

  Outcome<Round> round() {
    // Reading is part of the work, as it is for `embed`.
    std::unique_ptr<TextSource> source;
    const auto start = Clock::now();
    if (flags_.input.input.empty() || flags_.input.input == "-") {
      source = make_memory_source(texts_);
    } else {
      FLETCHER_CLI_TRY_ASSIGN(source, open_texts({}, flags_.input));
    }
    const double opening = since(start);
    FLETCHER_CLI_TRY_ASSIGN(Round round, run(*source));
    round.read_seconds += opening;
    round.seconds += opening;
    return round;
  }

 private:
  static constexpr size_t kWindow = 256;

  Outcome<Round> run(TextSource& source) {
    Round round;
    std::string rows;
    BulkJob job{.engine = engine_,
                .source = source,
                .request = request_,
                .make_input = nullptr,
                .write = [&](BulkRow row) -> Outcome<void> {
                  const auto& values = engine_.info().classifier ? row.item.logits : row.item.dense;
                  rows.assign(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
                  round.latencies.push_back(row.latency_seconds);
                  return {};
                },
                .window_texts = kWindow};
    if (engine_.info().classifier) {
      job.make_input = [](const std::string& text) { return TextPair{"What is this about?", text}; };
    }
    if (flags_.single) job.window_texts = job.most_in_flight = 1;
    const Engine::StageTimes before = engine_.stage_times();
    const auto start = Clock::now();
    FLETCHER_CLI_TRY_ASSIGN(const BulkTotals totals, run_bulk_job(job));
    round.seconds = since(start);
    round.read_seconds = totals.read_seconds;
    round.write_seconds = totals.write_seconds;
    round.stages = difference(engine_.stage_times(), before);
    return round;
  }

  Engine& engine_;
  const BenchFlags& flags_;
  const std::vector<std::string>& texts_;
  EmbedRequest request_;
};

double percentile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  const auto at = static_cast<ptrdiff_t>(share * static_cast<double>(values.size() - 1) + 0.5);
  std::ranges::nth_element(values, values.begin() + at);
  return values[static_cast<size_t>(at)];
}

/// `flops_per_token`: of the products, the rest is attention.
Report summarize(std::vector<Round> rounds, size_t texts, double flops_per_token) {
  std::ranges::sort(rounds, [](const Round& a, const Round& b) { return a.seconds < b.seconds; });
  const Round& median = rounds[rounds.size() / 2];
  Report report;
  report.texts = texts;
  report.rounds = rounds.size();
  report.tokens = median.stages.tokens;
  const auto count = static_cast<double>(texts);
  report.texts_per_second = count / median.seconds;
  report.best_texts_per_second = count / rounds.front().seconds;
  report.tokens_per_second = static_cast<double>(report.tokens) / median.seconds;
  report.gflops = median.stages.flops / median.seconds * 1e-9;
  report.attention_gflops = report.gflops - report.tokens_per_second * flops_per_token * 1e-9;
  const double all =
      median.read_seconds + median.stages.tokenize_seconds + median.stages.encode_seconds + median.write_seconds;
  if (all > 0) {
    report.read_share = median.read_seconds / all;
    report.tokenize_share = median.stages.tokenize_seconds / all;
    report.encode_share = median.stages.encode_seconds / all;
    report.write_share = median.write_seconds / all;
  }
  std::vector<double> latencies;
  for (const Round& round : rounds) latencies.insert(latencies.end(), round.latencies.begin(), round.latencies.end());
  report.p50_ms = 1e3 * percentile(latencies, 0.50);
  report.p99_ms = 1e3 * percentile(latencies, 0.99);
  return report;
}

std::string to_json(const Report& r) {
  JsonWriter json;
  json.begin_object().key("model").value(r.model).key("device").value(r.device).key("precision").value(r.precision);
  json.key("threads").value(r.threads).key("texts").value(r.texts).key("tokens").value(r.tokens);
  json.key("rounds").value(r.rounds).key("single").value(r.single);
  json.key("texts_per_second").value(r.texts_per_second);
  json.key("best_texts_per_second").value(r.best_texts_per_second);
  json.key("tokens_per_second").value(r.tokens_per_second);
  json.key("gflops").value(r.gflops).key("peak_gflops").value(r.peak_gflops);
  json.key("percent_of_peak").value(r.percent_of_peak());
  if (r.mixed_peak_gflops > 0) {
    json.key("mixed_peak_gflops").value(r.mixed_peak_gflops);
    json.key("percent_of_mixed_peak").value(r.percent_of_mixed_peak());
  }
  json.key("stages").begin_object().key("read").value(r.read_share).key("tokenize").value(r.tokenize_share);
  json.key("encode").value(r.encode_share).key("write").value(r.write_share).end_object();
  json.key("latency_ms").begin_object().key("p50").value(r.p50_ms).key("p99").value(r.p99_ms).end_object();
  json.end_object();
  return json.str() + "\n";
}

std::string to_table(const Report& r) {
  const auto percent = [](double share) { return fixed(100 * share, 1) + " %"; };
  Table table({Table::Align::left, Table::Align::left});
  table.add_row({"model", r.model + " on " + r.device + ", " + r.precision + ", " + std::to_string(r.threads) +
                              (r.threads == 1 ? " thread" : " threads")});
  table.add_row({"texts", with_thousands(r.texts) + " of " + with_thousands(r.tokens) + " tokens, median of " +
                              std::to_string(r.rounds) + " rounds" + (r.single ? ", one text at a time" : "")});
  table.add_row({"speed", with_thousands(static_cast<uint64_t>(r.texts_per_second)) + " texts/s (best " +
                              with_thousands(static_cast<uint64_t>(r.best_texts_per_second)) + "), " +
                              with_thousands(static_cast<uint64_t>(r.tokens_per_second)) + " tokens/s"});
  std::string share;  // of a peak that is known for processors alone
  if (r.peak_gflops > 0) {
    share = ", " + fixed(r.percent_of_peak(), 1) + " % of the " + fixed(r.peak_gflops, 1) +
            " measured as the peak of these threads";
  }
  table.add_row({"arithmetic", fixed(r.gflops, 1) + " GFLOP/s" + share});
  if (r.mixed_peak_gflops > 0) {
    table.add_row({"", fixed(r.percent_of_mixed_peak(), 1) + " % of the " + fixed(r.mixed_peak_gflops, 1) +
                           " that attention in its own arithmetic leaves of it"});
  }
  table.add_row({"stages", "read " + percent(r.read_share) + ", tokenize " + percent(r.tokenize_share) + ", encode " +
                               percent(r.encode_share) + ", write " + percent(r.write_share)});
  table.add_row({"latency", "p50 " + fixed(r.p50_ms, 3) + " ms, p99 " + fixed(r.p99_ms, 3) + " ms"});
  return table.str();
}

Outcome<std::vector<std::string>> load_texts(const BenchFlags& flags) {
  if (flags.input.input.empty()) return make_bench_texts(kDefaultTexts);
  FLETCHER_CLI_TRY_ASSIGN(const auto source, open_texts({}, flags.input));
  FLETCHER_CLI_TRY_ASSIGN(auto texts, read_all_texts(*source, kMostTexts));
  if (texts.empty()) return fail(ExitCode::input, flags.input.input + ": no texts to measure with");
  return texts;
}

Outcome<void> run_ops(const BenchFlags& flags) {
  OpBenchOptions options{.device = flags.model.device,
                         .isa = flags.model.isa,
                         .precision = flags.model.precision,
                         .op = flags.op,
                         .shape = flags.shape,
                         .threads = flags.model.threads,
                         .json = flags.json};
  if (flags.seconds) options.seconds = *flags.seconds;
  return run_op_bench(options);
}

/// Measures what the report's threads reach in its precision and, if attention has another, in that. Devices whose peak
/// nobody knows have none.
Outcome<void> add_peaks(Report& report) {
  auto peak = device_peak_gflops(report.device, report.precision, report.threads);
  if (!peak && peak.error().code == Code::unimplemented) return {};
  FLETCHER_CLI_TRY_ASSIGN(report.peak_gflops, blame(ExitCode::other, std::move(peak)));
  if (report.precision != "int8" || report.gflops <= 0) return {};
  auto attention_peak = device_peak_gflops(report.device, "bf16", report.threads);
  if (!attention_peak) attention_peak = device_peak_gflops(report.device, "fp32", report.threads);
  FLETCHER_CLI_TRY_ASSIGN(const double of_attention, blame(ExitCode::other, std::move(attention_peak)));
  const double attention = report.attention_gflops / report.gflops;
  report.mixed_peak_gflops = 1 / ((1 - attention) / report.peak_gflops + attention / of_attention);
  return {};
}

Outcome<void> run_bench(const BenchFlags& flags, const std::vector<std::string>& arguments) {
  if (!arguments.empty()) {
    return fail(ExitCode::usage, "\"" + arguments[0] + "\": texts to measure with come from --input");
  }
  if (flags.ops) return run_ops(flags);
  FLETCHER_CLI_TRY_ASSIGN(const auto texts, load_texts(flags));
  FLETCHER_CLI_TRY_ASSIGN(const auto engine, load_engine(flags.model, flags.progress));
  RoundRunner runner(*engine, flags, texts);
  FLETCHER_CLI_TRY(check_request(*engine, runner.request()));
  FLETCHER_CLI_TRY(runner.warm_up());
  std::vector<Round> rounds;
  const double seconds = flags.seconds.value_or(kDefaultSeconds);
  double elapsed = 0;
  do {
    FLETCHER_CLI_TRY_ASSIGN(Round round, runner.round());
    elapsed += round.seconds;
    rounds.push_back(std::move(round));
  } while (elapsed < seconds || (rounds.size() < kLeastRounds && elapsed < kPatience * seconds));
  Report report = summarize(std::move(rounds), texts.size(), engine->info().flops_per_token);
  report.model = engine->info().name;
  report.device = engine->info().device;
  report.precision = engine->info().precision;
  report.threads = flags.model.threads == 0 ? usable_threads() : flags.model.threads;
  report.single = flags.single;
  FLETCHER_CLI_TRY(add_peaks(report));
  return print(flags.json ? to_json(report) : to_table(report));
}

}  // namespace

Command make_bench_command(CLI::App& root) {
  CLI::App& app = add_command(root, "bench", "Measure speed, and how near the machine's peak it comes", "[FLAGS]");
  const auto flags = std::make_shared<BenchFlags>();
  flags->input.add_to(app);
  flags->text.add_to(app);
  app.add_option("--seconds", flags->seconds, "Measure for at least so long, after a warm-up [2; each op 0.1]")
      ->group("Measurement")
      ->option_text("S")
      ->check(CLI::Range(0.0, 86400.0));
  CLI::Option* single = app.add_flag("--single", flags->single, "One text at a time: latency instead of throughput")
                            ->group("Measurement");
  CLI::Option* ops = app.add_flag("--ops", flags->ops, "The ops of a layer one by one, without a model")
                         ->group("Measurement")
                         ->excludes(single);
  app.add_option("--op", flags->op, "Only ops with NAME in theirs, such as gelu or attention")
      ->group("Measurement")
      ->option_text("NAME")
      ->needs(ops);
  std::vector<std::string> shapes;
  for (const LayerShape& shape : kLayerShapes) shapes.emplace_back(shape.name);
  app.add_option("--shape", flags->shape, "Only ops of this size: minilm, bert-base, bert-large or qwen3-0.6b")
      ->group("Measurement")
      ->option_text("NAME")
      ->check(CLI::IsMember(shapes))
      ->needs(ops);
  app.add_flag("--json", flags->json, "Print an object")->group("Output");
  flags->progress.add_to(app);
  flags->model.add_to(app);
  app.footer(
      "Speeds are those of the median round; loading and warm-up are not counted. Operations are useful ones, never\n"
      "padding. Latency: from the submission of a text, without --single together with its window, to its result.\n"
      "--ops: medians and, of the peak, the best; bytes are those of weights as prepared and of f32 activations, each\n"
      "once; cold layers take their weights from memory, and \"reads\" is what memory gives. --precision auto: all "
      "that\n"
      "the device has.");
  return {&app, [flags](const auto& arguments) { return run_bench(*flags, arguments); }};
}

}  // namespace fletcher::cli
