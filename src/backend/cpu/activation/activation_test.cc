#include "backend/cpu/activation/activation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "backend/cpu/kernels.h"

namespace fletcher::cpu {
namespace {

/// Every `stride`-th float between `low` and `high`, both of one sign or zero: dense near zero, as floats are.
std::vector<float> floats(float low, float high, uint32_t stride) {
  std::vector<float> out;
  const auto bits = [](float x) { return __builtin_bit_cast(uint32_t, std::abs(x)); };
  const bool negative = low < 0;
  const auto [first, last] = std::minmax({bits(low), bits(high)});
  for (uint64_t b = first; b <= last; b += stride) {
    const float x = __builtin_bit_cast(float, static_cast<uint32_t>(b));
    out.push_back(negative ? -x : x);
  }
  out.push_back(low);
  out.push_back(high);
  return out;
}

/// Largest |act(x) - wanted(x)| over x on every instruction set.
template <typename Wanted>
double max_error(ActivationKind act, const std::vector<float>& x, const Wanted& wanted) {
  double highest = 0;
  for (const Kernels* kernels : usable_kernels()) {
    std::vector<float> y = x;
    kernels->activate(act, y.data(), y.size());
    for (size_t i = 0; i < x.size(); ++i) {
      const double error = std::abs(y[i] - wanted(static_cast<double>(x[i])));
      if (!(error <= highest)) highest = error;
    }
  }
  return highest;
}

constexpr uint32_t kStride = 997;  // a prime: about two million of the floats of each sign

double gelu(double x) { return 0.5 * x * std::erfc(-x / std::numbers::sqrt2); }

TEST(Gelu, StaysWithinItsBoundOfErf) {
  const double below = max_error(ActivationKind::gelu, floats(-20, -0.0f, kStride), gelu);
  const double above = max_error(ActivationKind::gelu, floats(0, 20, kStride), gelu);
  std::printf("gelu: %.3g below zero, %.3g above\n", below, above);
  EXPECT_LE(std::max(below, above), kGeluMaxError);
}

TEST(FastGelu, StaysWithinItsBoundOfErf) {
  double highest = 0;
  for (const std::vector<float>& x : {floats(-20, -0.0f, kStride), floats(0, 20, kStride)}) {
    for (const Kernels* kernels : usable_kernels()) {
      std::vector<float> y = x;
      kernels->fast_gelu(y.data(), y.size());
      for (size_t i = 0; i < x.size(); ++i) {
        const double error = std::abs(y[i] - gelu(static_cast<double>(x[i])));
        if (!(error <= highest)) highest = error;
      }
    }
  }
  std::printf("fast gelu: %.3g\n", highest);
  EXPECT_LE(highest, kFastGeluMaxError);
}

TEST(Gelu, IsExactFarFromZero) {
  const std::vector<float> far = {20, 100, 1e10f, std::numeric_limits<float>::max(), INFINITY};
  for (const Kernels* kernels : usable_kernels()) {
    std::vector<float> y = far;
    kernels->activate(ActivationKind::gelu, y.data(), y.size());
    EXPECT_EQ(y, far) << kernels->isa;
    y = {-20, -100, -1e10f, -1e38f};
    kernels->activate(ActivationKind::gelu, y.data(), y.size());
    for (const float value : y) EXPECT_EQ(value, 0.0f) << kernels->isa;
  }
}

TEST(Exp, StaysWithinTwoUnitsInTheLastPlace) {
  const std::vector<float> x = floats(-87.33f, -0.0f, kStride);
  for (const Kernels* kernels : usable_kernels()) {
    std::vector<float> y = x;
    kernels->exp(y.data(), y.size());
    double worst = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const double wanted = std::exp(static_cast<double>(x[i]));
      const auto rounded = static_cast<float>(wanted);
      const double ulp = static_cast<double>(std::nextafter(rounded, INFINITY)) - rounded;
      worst = std::max(worst, std::abs(y[i] - wanted) / ulp);
    }
    std::printf("exp on %s: %.2f ulp\n", std::string(kernels->isa).c_str(), worst);
    EXPECT_LE(worst, kExpMaxUlp) << kernels->isa;
  }
}

TEST(Exp, OfVeryNegativeValuesIsZero) {
  for (const Kernels* kernels : usable_kernels()) {
    std::vector<float> y = {-88, -1000, -1e30f, -INFINITY, 0};
    kernels->exp(y.data(), y.size());
    EXPECT_EQ(y, (std::vector<float>{0, 0, 0, 0, 1})) << kernels->isa;
  }
}

TEST(Exp2, OfBf16AttentionStaysWithinItsRelativeBound) {
  const std::vector<float> x = floats(-125.9f, -0.0f, kStride);
  size_t ran = 0;
  for (const Kernels* kernels : usable_kernels()) {
    if (kernels->exp2 == nullptr) continue;
    ++ran;
    std::vector<float> y = x;
    kernels->exp2(y.data(), y.size());
    double worst = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const double wanted = std::exp2(static_cast<double>(x[i])), error = std::abs(y[i] - wanted) / wanted;
      if (!(error <= worst)) worst = error;
    }
    std::printf("exp2 on %s: relative error %.3g\n", std::string(kernels->isa).c_str(), worst);
    EXPECT_LE(worst, kExp2MaxRelativeError) << kernels->isa;
    y = {-200, -1e4f, -INFINITY};
    kernels->exp2(y.data(), y.size());
    EXPECT_EQ(y, (std::vector<float>{0, 0, 0})) << kernels->isa;
  }
  if (ran == 0) std::printf("NOT RUN: exp2 of bf16 attention (no instruction set of this machine has it)\n");
}

TEST(Activations, StayNearTheirDefinitions) {
  // Half a unit in the last place of results up to 20 is 1e-6; exp and a division add relative errors of 3e-7.
  constexpr double kTolerance = 4e-6;
  std::vector<float> x = floats(-20, -0.0f, 10'007);
  const std::vector<float> above = floats(0, 20, 10'007);
  x.insert(x.end(), above.begin(), above.end());
  EXPECT_EQ(max_error(ActivationKind::none, x, [](double v) { return v; }), 0);
  EXPECT_EQ(max_error(ActivationKind::relu, x, [](double v) { return std::max(v, 0.0); }), 0);
  EXPECT_LE(max_error(ActivationKind::silu, x, [](double v) { return v / (1 + std::exp(-v)); }), kTolerance);
  EXPECT_LE(max_error(ActivationKind::tanh, x, [](double v) { return std::tanh(v); }), kTolerance);
  EXPECT_LE(max_error(ActivationKind::sigmoid, x, [](double v) { return 1 / (1 + std::exp(-v)); }), kTolerance);
  const auto gelu_tanh = [](double v) {
    return 0.5 * v * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (v + 0.044715 * v * v * v)));
  };
  EXPECT_LE(max_error(ActivationKind::gelu_tanh, x, gelu_tanh), kTolerance);
}

TEST(Activations, PassOnNaN) {
  for (const Kernels* kernels : usable_kernels()) {
    for (const ActivationKind act : {ActivationKind::gelu, ActivationKind::gelu_tanh, ActivationKind::relu,
                                     ActivationKind::silu, ActivationKind::tanh, ActivationKind::sigmoid}) {
      float x = NAN;
      kernels->activate(act, &x, 1);
      EXPECT_TRUE(std::isnan(x)) << kernels->isa << " " << static_cast<int>(act);
    }
  }
}

}  // namespace
}  // namespace fletcher::cpu
