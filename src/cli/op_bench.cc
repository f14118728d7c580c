#include "cli/op_bench.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "backend/cpu/bandwidth.h"
#include "backend/cpu/peak.h"
#include "backend/registry.h"
#include "base/json_writer.h"
#include "base/thread_pool.h"
#include "cli/op_cases.h"
#include "cli/output.h"
#include "cli/terminal.h"

namespace fletcher::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kSampleSeconds = 0.005;
constexpr size_t kLeastSamples = 3;
// Samples stop, whatever their number, after the time asked for times this: encoders take a second a run.
constexpr double kPatience = 20;
// Of the last-level cache: what is read in turns and is this much larger is gone when its turn comes again.
constexpr size_t kCacheMultiple = 4;
constexpr size_t kMostColdBytes = size_t{2} << 30;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// What a row is compared with, all in units a second; 0 where it does not apply.
struct Limits {
  double flops = 0;            // of the row's precision
  double attention_flops = 0;  // of the precision in which attention runs, if it is another
  double bytes_read = 0;
};

/// One timing of a row, and the limits of that moment.
struct Sample {
  double seconds = 0;
  Limits limits;
};

struct OpRow {
  OpCase op;
  std::string_view shape;
  std::optional<PrecisionName> precision;
  double seconds = 0, best_seconds = 0;
  Limits limits;  // of the median sample
  double bytes_moved = 0;
  // The samples' own shares, in percent, medians but for `best`; 0 where there is no limit.
  double percent_of_peak = 0, best_percent_of_peak = 0, percent_of_mixed_peak = 0, percent_of_reads = 0;
};

/// The device under test, and what it is measured against.
struct Bench {
  OpBenchOptions options;
  std::unique_ptr<ThreadPool> pool;
  std::unique_ptr<Backend> backend;
  std::optional<cpu::ReadBandwidth> reads;
  size_t cold_bytes = 0;

  bool is_cpu() const { return backend->name() == "cpu"; }
  std::string device() const {
    const std::string isa(backend->instruction_set());
    return std::string(backend->name()) + (isa.empty() ? "" : " (" + isa + ")");
  }
};

Outcome<Bench> open_bench(const OpBenchOptions& options) {
  Bench bench{.options = options};
  bench.pool = std::make_unique<ThreadPool>(options.threads == 0 ? usable_threads() : options.threads);
  FLETCHER_CLI_TRY_ASSIGN(
      bench.backend,
      blame(ExitCode::usage, make_backend({.device = options.device, .isa = options.isa, .pool = bench.pool.get()})));
  bench.cold_bytes = std::min(kMostColdBytes, kCacheMultiple * cpu::last_level_cache_bytes());
  return bench;
}

Outcome<std::vector<PrecisionName>> choose_precisions(const Bench& bench) {
  std::vector<PrecisionName> chosen;
  std::string all;
  for (const PrecisionName& p : kPrecisionNames) {
    if (!bench.backend->supports(p.precision)) continue;
    all += (all.empty() ? "" : ", ") + std::string(p.name);
    if (bench.options.precision == "auto" || bench.options.precision == p.name) chosen.push_back(p);
  }
  if (chosen.empty()) {
    return fail(ExitCode::usage,
                "--precision " + bench.options.precision + " is not available on " + bench.device() + ": " + all);
  }
  return chosen;
}

Outcome<double> peak_of(const Bench& bench, Precision precision) {
  FLETCHER_CLI_TRY_ASSIGN(const double gflops,
                          blame(ExitCode::other, cpu::measure_peak_gflops(bench.backend->instruction_set(), precision,
                                                                          bench.pool->num_threads())));
  return 1e9 * gflops;
}

/// Where products run in int8, attention does not.
Precision attention_precision(const Bench& bench, Precision precision) {
  if (precision != Precision::int8) return precision;
  return bench.backend->supports(Precision::bf16) ? Precision::bf16 : Precision::f32;
}

Outcome<Limits> measure_limits(Bench& bench, const OpCase& op, Precision precision) {
  Limits limits;
  if (!bench.is_cpu()) return limits;
  if (op.flops > 0) {
    FLETCHER_CLI_TRY_ASSIGN(limits.flops, peak_of(bench, precision));
  }
  const Precision of_attention = attention_precision(bench, precision);
  if (of_attention != precision && op.attention_flops > 0) {
    FLETCHER_CLI_TRY_ASSIGN(limits.attention_flops, peak_of(bench, of_attention));
  }
  if (!op.cold) return limits;
  if (!bench.reads) {
    FLETCHER_CLI_TRY_ASSIGN(
        bench.reads, blame(ExitCode::other, cpu::ReadBandwidth::create(bench.pool->num_threads(), bench.cold_bytes)));
  }
  limits.bytes_read = bench.reads->measure();
  return limits;
}

/// The higher of two measurements: what the machine can do, when nobody is in the way.
Limits higher(const Limits& a, const Limits& b) {
  return {std::max(a.flops, b.flops), std::max(a.attention_flops, b.attention_flops),
          std::max(a.bytes_read, b.bytes_read)};
}

/// A share of every sample as percent, in ascending order.
template <typename Share>
std::vector<double> percents(std::span<const Sample> samples, const Share& share) {
  std::vector<double> values;
  for (const Sample& sample : samples) values.push_back(100 * share(sample));
  std::ranges::sort(values);
  return values;
}

double median(const std::vector<double>& sorted) { return sorted[sorted.size() / 2]; }

OpRow summarize(const OpCase& op, double weight_bytes, std::vector<Sample> samples) {
  std::ranges::sort(samples, {}, &Sample::seconds);
  const Sample& middle = samples[(samples.size() - 1) / 2];  // of two the faster, as in median()
  OpRow row{.op = op, .seconds = middle.seconds, .best_seconds = samples.front().seconds, .limits = middle.limits};
  row.bytes_moved = weight_bytes + op.activation_bytes;
  if (middle.limits.flops > 0) {
    const auto shares = percents(samples, [&](const Sample& s) { return op.flops / s.limits.flops / s.seconds; });
    row.percent_of_peak = median(shares);
    row.best_percent_of_peak = shares.back();
  }
  if (middle.limits.attention_flops > 0) {
    row.percent_of_mixed_peak = median(percents(samples, [&](const Sample& s) {
      const double products = (op.flops - op.attention_flops) / s.limits.flops;
      return (products + op.attention_flops / s.limits.attention_flops) / s.seconds;
    }));
  }
  if (middle.limits.bytes_read > 0) {
    row.percent_of_reads =
        median(percents(samples, [&](const Sample& s) { return weight_bytes / s.limits.bytes_read / s.seconds; }));
  }
  return row;
}

/// Seconds of one run, over as many as fill a sample.
Result<double> time_runs(OpRig& rig, const PreparedOp& op) {
  for (int i = 0; i < 2; ++i) FLETCHER_TRY(rig.run(op));  // the measurement of the limits has cooled the caches
  const auto start = Clock::now();
  double seconds = 0;
  size_t runs = 0;
  for (; seconds < kSampleSeconds; ++runs) {
    FLETCHER_TRY(rig.run(op));
    seconds = since(start);
  }
  return seconds / static_cast<double>(runs);
}

Outcome<OpRow> measure(Bench& bench, const OpCase& op, Precision precision) {
  OpRig rig(*bench.backend, precision, op.sequences);
  FLETCHER_CLI_TRY_ASSIGN(const PreparedOp prepared, blame(ExitCode::other, op.prepare(rig)));
  std::vector<Sample> samples;
  const auto start = Clock::now();
  const double seconds = bench.options.seconds;
  FLETCHER_CLI_TRY_ASSIGN(Limits before, measure_limits(bench, op, precision));
  do {
    Sample sample;
    FLETCHER_CLI_TRY_ASSIGN(sample.seconds, blame(ExitCode::other, time_runs(rig, prepared)));
    FLETCHER_CLI_TRY_ASSIGN(const Limits after, measure_limits(bench, op, precision));
    sample.limits = higher(before, after);
    before = after;
    samples.push_back(sample);
  } while (since(start) < seconds || (samples.size() < kLeastSamples && since(start) < kPatience * seconds));
  const size_t weight_bytes = rig.weight_bytes() / prepared.weight_copies;
  return summarize(op, static_cast<double>(weight_bytes), std::move(samples));
}

std::string if_any(double value, int digits) { return value > 0 ? fixed(value, digits) : "-"; }

std::string to_table(const std::vector<OpRow>& rows) {
  using enum Table::Align;
  const bool mixed = std::ranges::any_of(rows, [](const OpRow& r) { return r.percent_of_mixed_peak > 0; });
  std::vector<Table::Align> columns = {left, left, right, right, right, right, right, right, right};
  std::vector<std::string> header = {"op",        "size",   "rows", "µs",        "GFLOP/s",
                                     "% of peak", "best %", "GB/s", "% of reads"};
  if (mixed) {
    columns.push_back(right);
    header.push_back("% of mixed peak");
  }
  Table table(columns);
  table.add_row(header);
  for (const OpRow& r : rows) {
    std::vector<std::string> cells = {r.op.op,
                                      r.op.size,
                                      r.op.rows(),
                                      fixed(1e6 * r.seconds, r.seconds < 1e-4 ? 2 : 0),
                                      if_any(1e-9 * r.op.flops / r.seconds, 1),
                                      if_any(r.percent_of_peak, 1),
                                      if_any(r.best_percent_of_peak, 1),
                                      fixed(1e-9 * r.bytes_moved / r.seconds, 1),
                                      if_any(r.percent_of_reads, 1)};
    if (mixed) cells.push_back(if_any(r.percent_of_mixed_peak, 1));
    table.add_row(std::move(cells));
  }
  return table.str();
}

void append_if_any(JsonWriter& json, std::string_view key, double value) {
  json.key(key);
  value > 0 ? json.value(value) : json.null();
}

void append_row(JsonWriter& json, const OpRow& r) {
  json.begin_object().key("op").value(r.op.op).key("shape").value(r.shape).key("size").value(r.op.size);
  json.key("precision");
  r.precision ? json.value(r.precision->name) : json.null();
  json.key("sequences").value(r.op.sequences.count).key("length").value(r.op.sequences.length);
  json.key("microseconds").value(1e6 * r.seconds).key("best_microseconds").value(1e6 * r.best_seconds);
  append_if_any(json, "gflops", 1e-9 * r.op.flops / r.seconds);
  append_if_any(json, "peak_gflops", 1e-9 * r.limits.flops);
  append_if_any(json, "percent_of_peak", r.percent_of_peak);
  append_if_any(json, "best_percent_of_peak", r.best_percent_of_peak);
  append_if_any(json, "percent_of_mixed_peak", r.percent_of_mixed_peak);
  json.key("gb_per_second").value(1e-9 * r.bytes_moved / r.seconds);
  append_if_any(json, "read_gb_per_second", 1e-9 * r.limits.bytes_read);
  append_if_any(json, "percent_of_reads", r.percent_of_reads);
  json.end_object();
}

std::string to_json(const Bench& bench, const std::vector<OpRow>& rows) {
  JsonWriter json;
  json.begin_object().key("device").value(bench.device()).key("threads").value(bench.pool->num_threads());
  json.key("cold_weight_bytes").value(bench.cold_bytes);
  json.key("ops").begin_array();
  for (const OpRow& row : rows) append_row(json, row);
  json.end_array().end_object();
  return json.str() + "\n";
}

std::string names_of_ops() {
  std::vector<std::string> names;
  for (const LayerShape& shape : kLayerShapes) {
    for (const OpCase& op : op_cases(shape, 0)) {
      if (std::ranges::find(names, op.op) == names.end()) names.push_back(op.op);
    }
  }
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

Outcome<void> print_heading(const Bench& bench, const PrecisionName& precision, const LayerShape& shape) {
  std::string line = std::string(shape.name) + ", " + std::string(precision.name) + " on " + bench.device() + ", " +
                     std::to_string(bench.pool->num_threads()) +
                     (bench.pool->num_threads() == 1 ? " thread" : " threads");
  if (bench.is_cpu()) {
    FLETCHER_CLI_TRY_ASSIGN(const double peak, peak_of(bench, precision.precision));
    line += ", peak " + fixed(1e-9 * peak, 1) + " GFLOP/s";
  }
  return print(line + "\n");
}

/// Rows of one shape and precision; `with_the_same`: and those that are the same in every precision.
Outcome<std::vector<OpRow>> measure_shape(Bench& bench, const LayerShape& shape, const PrecisionName& precision,
                                          bool with_the_same) {
  std::vector<OpRow> rows;
  for (const OpCase& op : op_cases(shape, bench.cold_bytes)) {
    if (op.op.find(bench.options.op) == std::string::npos || (!op.precision_matters && !with_the_same)) continue;
    FLETCHER_CLI_TRY_ASSIGN(OpRow row, measure(bench, op, precision.precision));
    row.shape = shape.name;
    if (op.precision_matters) row.precision = precision;
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

Outcome<void> run_op_bench(const OpBenchOptions& options) {
  FLETCHER_CLI_TRY_ASSIGN(Bench bench, open_bench(options));
  FLETCHER_CLI_TRY_ASSIGN(const auto precisions, choose_precisions(bench));
  std::vector<OpRow> all;
  for (const PrecisionName& precision : precisions) {
    for (const LayerShape& shape : kLayerShapes) {
      if (!options.shape.empty() && options.shape != shape.name) continue;
      FLETCHER_CLI_TRY_ASSIGN(
          auto rows, measure_shape(bench, shape, precision, precision.precision == precisions.front().precision));
      if (!options.json && !rows.empty()) {
        FLETCHER_CLI_TRY(print_heading(bench, precision, shape));
        FLETCHER_CLI_TRY(print(to_table(rows) + "\n"));
      }
      std::ranges::move(rows, std::back_inserter(all));
    }
  }
  if (all.empty())
    return fail(ExitCode::usage, "no op is named like --op " + options.op + "; there are " + names_of_ops());
  return options.json ? print(to_json(bench, all)) : Outcome<void>{};
}

}  // namespace fletcher::cli
