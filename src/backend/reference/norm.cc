// Layer normalisation (Ba et al., arXiv 1607.06450) and scaling to unit length.

#include <algorithm>
#include <cmath>

#include "backend/reference/reference_ops.h"

namespace fletcher::reference {

void norm(TensorView in, const ReferenceNorm& n, TensorView out) {
  const auto features = static_cast<double>(n.features());
  for (size_t r = 0; r < in.rows; ++r) {
    const double* x = row(in, r);
    double mean = 0, variance = 0;
    for (size_t c = 0; c < n.features(); ++c) mean += x[c];
    mean /= features;
    for (size_t c = 0; c < n.features(); ++c) variance += (x[c] - mean) * (x[c] - mean);
    const double inverse = 1 / std::sqrt(variance / features + n.eps);
    for (size_t c = 0; c < n.features(); ++c) row(out, r)[c] = (x[c] - mean) * inverse * n.gamma[c] + n.beta[c];
  }
}

void l2_normalize(TensorView rows) {
  constexpr double kEps = 1e-12;  // torch.nn.functional.normalize's
  for (size_t r = 0; r < rows.rows; ++r) {
    double* x = row(rows, r);
    double squares = 0;
    for (size_t c = 0; c < rows.cols; ++c) squares += x[c] * x[c];
    const double length = std::max(std::sqrt(squares), kEps);
    for (size_t c = 0; c < rows.cols; ++c) x[c] /= length;
  }
}

}  // namespace fletcher::reference
