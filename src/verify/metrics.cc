#include "verify/metrics.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <vector>

namespace fletcher::verify {
namespace {

/// Ranks from 1; equal values get the mean of the ranks they take up.
std::vector<double> ranks(std::span<const double> values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, {}, [&](size_t i) { return values[i]; });
  std::vector<double> ranked(values.size());
  for (size_t first = 0; first < order.size();) {
    size_t last = first + 1;
    while (last < order.size() && values[order[last]] == values[order[first]]) ++last;
    for (size_t i = first; i < last; ++i) ranked[order[i]] = static_cast<double>(first + 1 + last) / 2;
    first = last;
  }
  return ranked;
}

double gain(std::span<const int> grades, size_t cut) {
  double sum = 0;
  for (size_t i = 0; i < std::min(cut, grades.size()); ++i) {
    if (grades[i] > 0) sum += (std::exp2(grades[i]) - 1) / std::log2(static_cast<double>(i + 2));
  }
  return sum;
}

}  // namespace

double cosine(std::span<const float> a, std::span<const float> b) {
  double product = 0, a_squares = 0, b_squares = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    product += static_cast<double>(a[i]) * b[i];
    a_squares += static_cast<double>(a[i]) * a[i];
    b_squares += static_cast<double>(b[i]) * b[i];
  }
  const double result = product / (std::sqrt(a_squares) * std::sqrt(b_squares));
  return std::isfinite(result) ? std::clamp(result, -1.0, 1.0) : 0;
}

double max_abs_difference(std::span<const float> a, std::span<const float> b) {
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double difference = std::abs(static_cast<double>(a[i]) - b[i]);
    if (!std::isfinite(difference)) return std::numeric_limits<double>::infinity();
    largest = std::max(largest, difference);
  }
  return largest;
}

double spearman(std::span<const double> a, std::span<const double> b) {
  const std::vector<double> a_ranks = ranks(a), b_ranks = ranks(b);
  const double mean = (static_cast<double>(a.size()) + 1) / 2;
  double product = 0, a_squares = 0, b_squares = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    product += (a_ranks[i] - mean) * (b_ranks[i] - mean);
    a_squares += (a_ranks[i] - mean) * (a_ranks[i] - mean);
    b_squares += (b_ranks[i] - mean) * (b_ranks[i] - mean);
  }
  if (a_squares == 0 || b_squares == 0) return 0;
  return std::clamp(product / std::sqrt(a_squares * b_squares), -1.0, 1.0);
}

double ndcg(std::span<const int> ranked, std::span<const int> judged, size_t cut) {
  std::vector<int> ideal(judged.begin(), judged.end());
  std::ranges::sort(ideal, std::greater<>());
  const double best = gain(ideal, cut);
  return best > 0 ? gain(ranked, cut) / best : 0;
}

}  // namespace fletcher::verify
