// The executable specification: every op naive, in double, on one thread. What other backends are tested against.
#pragma once

#include <memory>

#include "backend/backend.h"

namespace fletcher {

/// Activations are f64; weights are the stored values exactly. Any precision but f32 is refused.
std::unique_ptr<Backend> make_reference_backend();

}  // namespace fletcher
