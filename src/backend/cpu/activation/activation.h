// What the polynomials of activation.inc promise; activation_test.cc measures it.
#pragma once

#include "backend/stream.h"

namespace fletcher::cpu {

constexpr double kGeluMaxError = 2e-6;      // absolute, all x: beyond ±20 gelu(x) is x or 0 exactly
constexpr double kFastGeluMaxError = 5e-5;  // absolute, beside operands of bf16 or int8
constexpr double kExpMaxUlp = 2;            // x in [-87.33, 0]; below it exp(x) is 0

}  // namespace fletcher::cpu
