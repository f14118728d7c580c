// Activations by their definitions. GELU: Hendrycks & Gimpel, arXiv 1606.08415.

#include <cmath>
#include <numbers>

#include "backend/reference/reference_ops.h"

namespace fletcher::reference {

double activate(ActivationKind kind, double x) {
  switch (kind) {
    case ActivationKind::none:
      return x;
    case ActivationKind::gelu:
      return x * 0.5 * std::erfc(-x / std::numbers::sqrt2);
    case ActivationKind::gelu_tanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
    case ActivationKind::relu:
      return x > 0 ? x : 0;
    case ActivationKind::silu:
      return x / (1 + std::exp(-x));
    case ActivationKind::tanh:
      return std::tanh(x);
    case ActivationKind::sigmoid:
      return 1 / (1 + std::exp(-x));
  }
  return x;
}

}  // namespace fletcher::reference
