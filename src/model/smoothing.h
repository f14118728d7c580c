// How int8 products smooth their inputs: channels of large range lend some of it to the weights.
#pragma once

#include <span>
#include <vector>

#include "backend/backend.h"
#include "model/input_statistics.h"

namespace fletcher {

/// As LinearSource::input_center and input_scale; empty where there are no statistics.
struct Smoothing {
  std::vector<float> center;
  std::vector<float> scale;
};

/// SmoothQuant (Xiao et al., 2023) with alpha 0.6, on inputs moved to the middle of their range:
/// scale = range^alpha / |largest weight|^(1 - alpha) by input feature. `weights` share in_features and are valid.
Smoothing make_smoothing(const InputStatistics& statistics, std::span<const HostMatrix> weights);

}  // namespace fletcher
