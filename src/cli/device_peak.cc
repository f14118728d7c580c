#include "cli/device_peak.h"

#include <algorithm>
#include <string>

#include "backend/backend.h"
#include "backend/cpu/peak.h"

namespace fletcher::cli {
namespace {

/// "avx512" of "cpu (avx512)".
std::string instruction_set_of(const std::string& device) {
  const size_t open = device.find('('), close = device.find(')');
  return close == std::string::npos ? "scalar" : device.substr(open + 1, close - open - 1);
}

}  // namespace

Result<double> device_peak_gflops(const ModelInfo& info, size_t threads) {
  const auto precision = std::ranges::find(kPrecisionNames, info.precision, &PrecisionName::name);
  if (precision == kPrecisionNames.end()) return unimplemented("no peak is known of \"" + info.precision + "\"");
  return cpu::measure_peak_gflops(instruction_set_of(info.device), precision->precision, threads);
}

}  // namespace fletcher::cli
