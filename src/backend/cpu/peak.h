// What "percent of peak" is measured against.
#pragma once

#include <cstddef>
#include <string_view>

#include "backend/backend.h"

namespace fletcher::cpu {

/// GFLOP/s of `threads` cores that do nothing but multiply-adds in registers, all at the same time: the best of several
/// short runs (10-50 ms in all), so that it holds at the clock rate of the moment. `isa` as Backend::instruction_set.
/// UNIMPLEMENTED for a precision without kernels, FAILED_PRECONDITION for an instruction set this machine lacks.
Result<double> measure_peak_gflops(std::string_view isa, Precision precision, size_t threads);

}  // namespace fletcher::cpu
