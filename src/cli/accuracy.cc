#include "cli/accuracy.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "cli/log.h"
#include "cli/terminal.h"
#include "engine/fingerprint.h"
#include "hub/hub.h"

namespace fletcher::cli {
namespace {

using verify::AccuracyRecord;

std::string join(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

/// "1.2e-07": what is small has to keep its digits.
std::string scientific(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1e", number);
  return text;
}

std::vector<std::string> header(bool classifier) {
  std::vector<std::string> cells = {"PRECISION", "DEVICE"};
  if (classifier) {
    cells.emplace_back("SCORES' SPEARMAN");
  } else {
    cells.insert(cells.end(), {"COSINE MIN", "MEAN"});
  }
  cells.insert(cells.end(),
               {"MAX |DIFF|", "COMPARED WITH", "SPEARMAN", "LOSS", "NDCG@10", "LOSS", "TOKENS/S", "OF PEAK", "MEMORY"});
  return cells;
}

std::vector<std::string> cells_of(const AccuracyRecord& r) {
  std::vector<std::string> cells = {r.key.precision, r.key.device};
  if (r.classifier) {
    cells.push_back(fixed(r.agreement.score_spearman, 6));
  } else {
    cells.push_back(fixed(r.agreement.cosine_min, 6));
    cells.push_back(fixed(r.agreement.cosine_mean, 6));
  }
  cells.push_back(scientific(r.agreement.max_abs_difference));
  cells.push_back(r.reference + ", " + with_thousands(r.agreement.texts) +
                  (r.agreement.texts == 1 ? " text" : " texts"));
  cells.push_back(fixed(r.quality.spearman, 4));
  cells.push_back(fixed(r.spearman_loss(), 4));
  cells.push_back(fixed(r.quality.ndcg_at_10, 4));
  cells.push_back(fixed(r.ndcg_loss(), 4));
  cells.push_back(with_thousands(static_cast<uint64_t>(r.tokens_per_second)));
  cells.push_back(r.peak_gflops > 0 ? fixed(r.percent_of_peak(), 1) + " %" : "");
  cells.push_back(human_bytes(r.weight_bytes + r.workspace_bytes));
  return cells;
}

}  // namespace

verify::RecordStore record_store() { return verify::RecordStore(hub::options_from_environment().cache_dir); }

Outcome<void> check_precision(const std::string& precision, const DeviceInfo& device) {
  if (std::ranges::find(device.precisions, precision) != device.precisions.end()) return {};
  return fail(ExitCode::usage,
              "--precision " + precision + " is not available on " + device.name + ": " + join(device.precisions));
}

Result<std::string> precision_by_records(const EngineOptions& options) {
  const verify::RecordStore store = record_store();
  std::vector<AccuracyRecord> records;
  FLETCHER_TRY_ASSIGN(const DeviceInfo device, Engine::describe_device(options.device, options.isa));
  if (store.has_records()) {
    FLETCHER_TRY_ASSIGN(const std::string fingerprint, fingerprint_folder(options.model_path));
    records = store.load(fingerprint);
    std::erase_if(records, [&](const AccuracyRecord& record) {
      return record.key.device != device.name || record.key.pooling != options.pooling;
    });
  }
  if (records.empty()) {
    log_info("precision=fp32: --precision auto found no accuracy record of this model on " + device.name +
             ", fletcher verify makes one");
    return std::string("fp32");
  }
  std::string chosen = verify::choose_precision(records, device.precisions);
  log_info("precision=" + chosen + ": --precision auto chose it by " + std::to_string(records.size()) +
           (records.size() == 1 ? " accuracy record" : " accuracy records") + " of this model on " + device.name);
  return chosen;
}

std::string accuracy_table(std::span<const AccuracyRecord> records) {
  if (records.empty()) return "";
  std::vector<std::string> names = header(records.front().classifier);
  std::vector<Table::Align> columns(names.size(), Table::Align::right);
  // Words stand at the left, numbers at the right.
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == "PRECISION" || names[i] == "DEVICE" || names[i] == "COMPARED WITH") columns[i] = Table::Align::left;
  }
  Table table(columns);
  table.add_row(std::move(names));
  for (const AccuracyRecord& record : records) table.add_row(cells_of(record));
  return table.str();
}

}  // namespace fletcher::cli
