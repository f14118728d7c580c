// What "percent of peak" of a device is measured against.
#pragma once

#include <cstddef>

#include "base/result.h"
#include "fletcher/engine.h"

namespace fletcher::cli {

/// GFLOP/s that `threads` cores reach, measured now, with the instruction set and precision of a loaded model; scalar
/// code where its device names no instruction set. Errors as cpu::measure_peak_gflops.
Result<double> device_peak_gflops(const ModelInfo& info, size_t threads);

}  // namespace fletcher::cli
