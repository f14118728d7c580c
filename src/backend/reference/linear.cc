// out = act(in·Wᵀ + bias) + residual.

#include "backend/reference/reference_ops.h"

namespace fletcher::reference {

void linear(TensorView in, const ReferenceLinear& w, const Epilogue& e, TensorView out) {
  for (size_t r = 0; r < in.rows; ++r) {
    const double* x = row(in, r);
    for (size_t n = 0; n < w.out_features(); ++n) {
      const double* weights = w.weight.row(n);
      double sum = 0;
      for (size_t k = 0; k < w.in_features(); ++k) sum += x[k] * weights[k];
      const double y = activate(e.act, sum + w.bias[n]);
      row(out, r)[n] = e.residual ? y + row(e.residual, r)[n] : y;
    }
  }
}

}  // namespace fletcher::reference
