// A stream of texts through the engine: windows are read and submitted ahead, results come back in the order of input.
#pragma once

#include <functional>
#include <string>

#include "cli/failure.h"
#include "cli/progress.h"
#include "cli/text_source.h"
#include "fletcher/engine.h"

namespace fletcher::cli {

/// One text that came through.
struct BulkRow {
  size_t index = 0;
  std::string text;  // empty unless asked for
  Item item;
  double latency_seconds = 0;  // from the submission of its window to its result
};

struct BulkJob {
  Engine& engine;
  TextSource& source;
  EmbedRequest request;                                      // options; its inputs are ignored
  std::function<Input(const std::string& text)> make_input;  // absent: the text itself
  std::function<Outcome<void>(BulkRow row)> write;           // called in the order of input, on the caller's thread
  bool keep_texts = false;
  size_t window_texts = 256;
  size_t most_in_flight = 2048;  // rows: enough to keep the engine's queue full, small beside a model
  ProgressBar* progress = nullptr;
};

struct BulkTotals {
  size_t texts = 0;
  uint64_t tokens = 0;
  double read_seconds = 0;
  double write_seconds = 0;
};

/// Runs until the source ends or the first error: an input's own error stops the job and names its place. Memory is
/// bounded by the number of rows in flight, whatever the length of the stream.
Outcome<BulkTotals> run_bulk_job(const BulkJob& job);

}  // namespace fletcher::cli
