// bf16 and int8 against the vectors and logits of Hugging Face's own code, on every instruction set that has them.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "golden.h"

namespace fletcher::golden {
namespace {

struct CosineBounds {
  double mean;
  double min;
};

// What the precisions promise for a trained model with heads and features as published.
constexpr CosineBounds kBf16Bounds = {0.9999, 0.9995};
constexpr CosineBounds kInt8Bounds = {0.999, 0.996};

// The tiny models have few, random features, which average less. tools/simulate_precision.py rounds the operands of the
// same products in Hugging Face's code in double and prints what that alone costs; the kernels may lose half as much
// again, as other roundings of the same size fall otherwise. (int8 mostly loses less than there: its inputs are
// smoothed.)
constexpr double kSlack = 1.5;
struct TinyLosses {
  const char* name;
  const char* precision;
  double mean;
  double largest;
};
constexpr TinyLosses kTinyLosses[] = {
    {"bert", "bf16", 2.7e-5, 8.5e-5},
    {"bert", "int8", 3.9e-4, 1.9e-3},
    {"bert_dense", "bf16", 1.3e-4, 4.8e-4},
    {"bert_dense", "int8", 1.3e-3, 6.9e-3},
};
constexpr double kBf16LogitLoss = 0.039;
constexpr double kInt8LogitLoss = 0.13;

double cosine(const std::vector<float>& a, const std::vector<double>& b) {
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    ab += a[i] * b[i];
    aa += static_cast<double>(a[i]) * a[i];
    bb += b[i] * b[i];
  }
  return ab / std::sqrt(aa * bb);
}

/// What the model gives for the items of `values`; empty if it fails.
std::vector<std::vector<float>> results_of(const Case& golden, const Values& values, const Target& target,
                                           const std::string& precision) {
  auto engine =
      Engine::load({.model_path = golden.folder, .device = target.device, .isa = target.isa, .precision = precision});
  EXPECT_TRUE(engine) << engine.error().message;
  std::vector<std::vector<float>> out;
  if (!engine) return out;
  for (const auto& item : (*engine)->embed(values.request)) {
    EXPECT_TRUE(item) << item.error().message;
    if (item) out.push_back(values.classify ? item->logits : item->dense);
  }
  return out;
}

void expect_cosines(const Case& golden, const Target& target, const std::string& precision,
                    const CosineBounds& bounds) {
  const Values values = load_values(golden.file);
  const auto seen = results_of(golden, values, target, precision);
  ASSERT_GE(seen.size(), 10u);
  ASSERT_EQ(seen.size(), values.wanted.size());
  double least = 1, sum = 0;
  for (size_t i = 0; i < seen.size(); ++i) {
    ASSERT_EQ(seen[i].size(), values.wanted[i].size());
    const double c = cosine(seen[i], values.wanted[i]);
    EXPECT_GE(c, bounds.min) << "item " << i;  // fails for NaN too
    least = std::min(least, c);
    sum += c;
  }
  const double mean = sum / static_cast<double>(seen.size());
  EXPECT_GE(mean, bounds.mean);
  std::printf("%s in %s on %s: cosine mean %.6f (bound %g), min %.6f (bound %g) over %zu items\n", golden.name.c_str(),
              precision.c_str(), target.isa.c_str(), mean, bounds.mean, least, bounds.min, seen.size());
}

/// Calls test(target) for every instruction set with `precision`; says so if there is none.
template <typename Test>
void on_targets_with(const std::string& precision, const Test& test) {
  size_t ran = 0;
  for (const Target& target : cpu_targets()) {
    if (std::ranges::find(target.precisions, precision) == target.precisions.end()) continue;
    SCOPED_TRACE(target.isa + ", " + precision);
    test(target);
    ++ran;
  }
  if (ran == 0) std::printf("NOT RUN: goldens in %s (no instruction set of this machine has it)\n", precision.c_str());
}

TEST(PrecisionGolden, MiniLmInBf16StaysNearHuggingFacesVectors) {
  const auto minilm = minilm_case("bf16 goldens");
  if (!minilm) return;
  on_targets_with("bf16", [&](const Target& target) { expect_cosines(*minilm, target, "bf16", kBf16Bounds); });
}

TEST(PrecisionGolden, MiniLmInInt8StaysNearHuggingFacesVectors) {
  const auto minilm = minilm_case("int8 goldens");
  if (!minilm) return;
  on_targets_with("int8", [&](const Target& target) { expect_cosines(*minilm, target, "int8", kInt8Bounds); });
}

TEST(PrecisionGolden, TinyModelsLoseWhatRoundingOperandsMustLose) {
  for (const TinyLosses& loss : kTinyLosses) {
    const CosineBounds bounds = {1 - kSlack * loss.mean, 1 - kSlack * loss.largest};
    on_targets_with(loss.precision, [&](const Target& target) {
      expect_cosines(tiny_case(loss.name), target, loss.precision, bounds);
    });
  }
}

void expect_logits(const Target& target, const std::string& precision, double bound) {
  const Case reranker = tiny_case("bert_reranker");
  const Values values = load_values(reranker.file);
  const auto seen = results_of(reranker, values, target, precision);
  ASSERT_GE(seen.size(), 10u);
  double highest = 0;
  for (size_t i = 0; i < seen.size(); ++i) {
    ASSERT_EQ(seen[i].size(), 1u);
    const double difference = std::abs(seen[i][0] - values.wanted[i][0]);
    EXPECT_LE(difference, bound) << "item " << i;
    highest = std::max(highest, difference);
  }
  std::printf("bert_reranker in %s on %s: max |difference| of logits %.2g over %zu items (bound %g)\n",
              precision.c_str(), target.isa.c_str(), highest, seen.size(), bound);
}

TEST(PrecisionGolden, TinyRerankerLosesWhatRoundingOperandsMustLose) {
  on_targets_with("bf16", [](const Target& target) { expect_logits(target, "bf16", kSlack * kBf16LogitLoss); });
  on_targets_with("int8", [](const Target& target) { expect_logits(target, "int8", kSlack * kInt8LogitLoss); });
}

}  // namespace
}  // namespace fletcher::golden
