// The sentences that int8 products are calibrated on, so that no user has to bring any.
#pragma once

#include <span>
#include <string_view>

namespace fletcher {

/// Short and long, of many subjects and several languages; written for this purpose.
std::span<const std::string_view> calibration_texts();

}  // namespace fletcher
