// The verification itself: loads a model at every precision, compares it with fp32, measures its speed.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fletcher/engine.h"
#include "verify/record.h"
#include "verify/texts.h"

namespace fletcher::verify {

/// Useful operations that the `reference` device may be asked for: about 15 seconds on one core. A verification that
/// costs more is compared with the cpu's fp32, and this one with the reference on as many texts as fit.
inline constexpr double kReferenceFlops = 2.5e10;

struct AccuracyOptions {
  EngineOptions engine;  // model, device, isa, threads, pooling; its precision is not used
  std::span<const std::string> precisions;
  const VerifyTexts& texts;  // must outlive the call
  double reference_flops = kReferenceFlops;
  /// GFLOP/s that this device can reach at this precision on so many threads, measured now; 0 if nothing can tell.
  std::function<double(const ModelInfo&, size_t threads)> measure_peak;
  /// Told what is computed ("fp32", "reference"), and how far it is. May be empty.
  std::function<void(std::string_view phase, size_t done, size_t total)> progress;
};

/// One record for each precision, in their order. Speed is that of the built-in documents, whatever the texts are, so
/// that records can be compared: the median of at least three rounds. Errors as Engine::load; an error of a text names
/// its place. FAILED_PRECONDITION for a classifier with several labels. One engine is loaded at a time.
Result<std::vector<AccuracyRecord>> measure_accuracy(const AccuracyOptions& options);

}  // namespace fletcher::verify
