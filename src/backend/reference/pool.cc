// The modes of sentence-transformers' Pooling module (models/Pooling.py), over the tokens that count.

#include <algorithm>
#include <cmath>
#include <limits>

#include "backend/reference/reference_ops.h"

namespace fletcher::reference {
namespace {

/// Value of one column over rows [from, to) of a sequence that starts at row `begin`; from < to.
double pool_column(TensorView in, PoolingMode mode, size_t begin, size_t from, size_t to, size_t c) {
  double sum = 0, weights = 0, highest = -std::numeric_limits<double>::infinity();
  for (size_t t = from; t < to; ++t) {
    const double x = row(in, t)[c];
    const double weight = mode == PoolingMode::weighted_mean ? static_cast<double>(t - begin + 1) : 1;
    sum += weight * x;
    weights += weight;
    highest = std::max(highest, x);
  }
  switch (mode) {
    case PoolingMode::cls:
      return row(in, from)[c];
    case PoolingMode::last_token:
      return row(in, to - 1)[c];
    case PoolingMode::max:
      return highest;
    case PoolingMode::mean_sqrt_len:
      return sum / std::sqrt(weights);
    case PoolingMode::mean:
    case PoolingMode::weighted_mean:
      break;
  }
  return sum / weights;
}

}  // namespace

void pool(const Batch& batch, TensorView in, PoolingMode mode, TensorView out) {
  for (size_t s = 0; s < batch.num_sequences(); ++s) {
    const auto begin = static_cast<size_t>(batch.cu_seqlens[s]), end = static_cast<size_t>(batch.cu_seqlens[s + 1]);
    const size_t from = begin + static_cast<size_t>(batch.pool_begin[s]);
    for (size_t c = 0; c < in.cols; ++c) {
      row(out, s)[c] = from < end ? pool_column(in, mode, begin, from, end, c) : 0;
    }
  }
}

}  // namespace fletcher::reference
