// How alike two vectors, two rankings or two lists of numbers are.
#pragma once

#include <cstddef>
#include <span>

namespace fletcher::verify {

/// The cosine of the angle between two vectors of one length, summed in double. 0 if it is not a finite number: a
/// vector of zeros, or one that holds an infinity or a NaN.
double cosine(std::span<const float> a, std::span<const float> b);

/// The largest |a[i] - b[i]| of two vectors of one length; infinity if one of them holds a number that is not finite.
double max_abs_difference(std::span<const float> a, std::span<const float> b);

/// Spearman's rank correlation of two lists of one length; equal values share their mean rank. 0 where a list is
/// constant, which correlates with nothing. No NaN may be among the values; infinities may.
double spearman(std::span<const double> a, std::span<const double> b);

/// Normalised discounted cumulative gain of the first `cut` places, with gain 2^grade - 1 and discount log2(place + 1).
/// `ranked`: the grades in the order found, 0 for what is not relevant. `judged`: the grades of all there is to find,
/// in any order. 0 if nothing is relevant.
double ndcg(std::span<const int> ranked, std::span<const int> judged, size_t cut);

}  // namespace fletcher::verify
