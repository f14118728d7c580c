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

Result<double> device_peak_gflops(const std::string& device, std::string_view precision, size_t threads) {
  const auto entry = std::ranges::find(kPrecisionNames, precision, &PrecisionName::name);
  if (entry == kPrecisionNames.end() || device.starts_with("webgpu")) {
    return unimplemented("no peak is known of " + device + " in \"" + std::string(precision) + "\"");
  }
  return cpu::measure_peak_gflops(instruction_set_of(device), entry->precision, threads);
}

}  // namespace fletcher::cli
