// How --precision spells the arithmetic of products.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "backend/backend.h"

namespace fletcher::cli {

struct PrecisionName {
  std::string_view name;
  Precision precision;
};

inline constexpr std::array kPrecisions = {
    PrecisionName{"fp32", Precision::f32}, PrecisionName{"bf16", Precision::bf16},
    PrecisionName{"fp16", Precision::f16}, PrecisionName{"int8", Precision::int8}};

/// nullopt for a name that is none of kPrecisions.
constexpr std::optional<Precision> precision_from_name(std::string_view name) {
  const auto found = std::ranges::find(kPrecisions, name, &PrecisionName::name);
  return found == kPrecisions.end() ? std::nullopt : std::optional(found->precision);
}

}  // namespace fletcher::cli
