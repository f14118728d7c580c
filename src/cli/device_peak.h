// What "percent of peak" of a device is measured against.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fletcher::cli {

/// GFLOP/s that `threads` cores reach, measured now, with the instruction set of `device` (as ModelInfo has it) in
/// `precision`; scalar code where a device of this processor names no instruction set. UNIMPLEMENTED for devices whose
/// peak nobody knows; else errors as cpu::measure_peak_gflops.
Result<double> device_peak_gflops(const std::string& device, std::string_view precision, size_t threads);

}  // namespace fletcher::cli
