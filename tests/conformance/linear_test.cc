// linear and linear_norm: tails in every dimension, epilogues, aliasing, stored types.

#include <cmath>

#include "conformance.h"

namespace fletcher::conformance {
namespace {

// Weights are scaled so that results are about 1; up to 1536 roundings of half a unit in the last place of 1, as a
// random walk, come to 1.2e-6.
constexpr double kProductTolerance = 5e-6;
// gelu's own 2e-6 on top.
constexpr double kActivationTolerance = 7e-6;
// A norm divides by the deviation, about 0.5 here.
constexpr double kProductNormTolerance = 1.5e-5;

Matrix random_weight(uint32_t seed, size_t out, size_t in) {
  return random_matrix(seed, out, in, 1.7f / std::sqrt(static_cast<float>(in)));
}

void expect_linear(size_t m, size_t k, size_t n, DType dtype = DType::f32) {
  SCOPED_TRACE(std::to_string(m) + " x " + std::to_string(k) + " x " + std::to_string(n) + " " +
               std::string(dtype_name(dtype)));
  const Batch batch = numbered_batch({m});
  expect_conforms(batch, kProductTolerance, [&](Session& s) {
    const TensorView out = s.view(m, n, 3);
    s.stream().linear(s.input(random_matrix(1, m, k), 5),
                      s.linear(random_weight(2, n, k), random_matrix(3, 1, n), dtype), {}, out);
    return out;
  });
}

TEST(Linear, HandlesEveryNumberOfRows) {
  for (size_t m = 1; m <= 130; ++m) expect_linear(m, 20, 40);
}

TEST(Linear, HandlesEveryNumberOfColumns) {
  for (size_t n = 1; n <= 130; ++n) expect_linear(7, 20, n);
}

TEST(Linear, HandlesEveryInnerSize) {
  for (size_t k = 1; k <= 130; ++k) expect_linear(5, k, 33);
}

TEST(Linear, HandlesShapesOfModels) {
  expect_linear(97, 384, 1152);
  expect_linear(50, 1536, 384);
  expect_linear(300, 64, 64);
  expect_linear(1, 768, 2);
}

TEST(Linear, ReadsWeightsOfEveryStoredType) {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) expect_linear(13, 61, 70, dtype);
}

TEST(Linear, StacksWeights) {
  const Batch batch = numbered_batch({9});
  const Stored w1(random_weight(1, 35, 24), DType::f32), w2(random_weight(2, 7, 24), DType::bf16),
      w3(random_weight(3, 50, 24), DType::f16);
  const Stored b1(random_matrix(4, 1, 35), DType::f16), b2(random_matrix(5, 1, 7), DType::f32),
      b3(random_matrix(6, 1, 50), DType::bf16);
  const HostMatrix weights[] = {w1.host(), w2.host(), w3.host()}, biases[] = {b1.host(), b2.host(), b3.host()};
  std::vector<std::unique_ptr<Linear>> kept;
  expect_conforms(batch, kProductTolerance, [&](Session& s) {
    kept.push_back(std::move(*s.backend().prepare_linear({weights, biases, Precision::f32})));
    const TensorView out = s.view(9, 92);
    s.stream().linear(s.input(random_matrix(7, 9, 24)), *kept.back(), {}, out);
    return out;
  });
}

TEST(Linear, AppliesEveryActivation) {
  for (const ActivationKind act :
       {ActivationKind::none, ActivationKind::gelu, ActivationKind::gelu_tanh, ActivationKind::relu,
        ActivationKind::silu, ActivationKind::tanh, ActivationKind::sigmoid}) {
    SCOPED_TRACE(static_cast<int>(act));
    const Batch batch = numbered_batch({25});
    expect_conforms(batch, kActivationTolerance, [&](Session& s) {
      const TensorView out = s.view(25, 45);
      s.stream().linear(s.input(random_matrix(1, 25, 30, 3)), s.linear(random_weight(2, 45, 30), {}), {.act = act},
                        out);
      return out;
    });
  }
}

TEST(Linear, AddsTheResidualAfterTheActivation) {
  const Batch batch = numbered_batch({14, 3});
  expect_conforms(batch, kActivationTolerance, [&](Session& s) {
    const TensorView residual = s.input(random_matrix(4, 17, 41), 2), out = s.view(17, 41);
    s.stream().linear(s.input(random_matrix(1, 17, 12)), s.linear(random_weight(2, 41, 12), random_matrix(3, 1, 41)),
                      {.act = ActivationKind::gelu, .residual = residual}, out);
    return out;
  });
}

TEST(Linear, MayWriteOverTheResidual) {
  const Batch batch = numbered_batch({19});
  expect_conforms(batch, kProductTolerance, [&](Session& s) {
    const TensorView residual = s.input(random_matrix(4, 19, 70));
    s.stream().linear(s.input(random_matrix(1, 19, 12)), s.linear(random_weight(2, 70, 12), random_matrix(3, 1, 70)),
                      {.residual = residual}, residual);
    return residual;
  });
}

TEST(Linear, ReadsAndWritesDisjointColumnsOfOneBuffer) {
  const Batch batch = numbered_batch({6, 5});
  expect_conforms(batch, kProductTolerance, [&](Session& s) {
    const TensorView both = s.view(11, 30 + 50);
    const TensorView in = both.columns(0, 30), out = both.columns(30, 50);
    s.stream().norm(s.input(random_matrix(1, 11, 30)), s.norm(random_matrix(4, 1, 30), {}), in);
    s.stream().linear(in, s.linear(random_weight(2, 50, 30), random_matrix(3, 1, 50)), {}, out);
    return out;
  });
}

TEST(Linear, WorksOnPooledRows) {
  const Batch batch = numbered_batch({3, 1, 8, 2});
  expect_conforms(batch, kProductTolerance, [&](Session& s) {
    const TensorView pooled = s.view(4, 20), out = s.view(4, 5);
    s.stream().pool(s.input(random_matrix(1, 14, 20)), PoolingMode::cls, pooled);
    s.stream().linear(pooled, s.linear(random_weight(2, 5, 20), random_matrix(3, 1, 5)), {}, out);
    return out;
  });
}

/// linear_norm where `sum`, `out` and the residual are the views that the flags say.
void expect_linear_norm(bool sum_is_residual, bool out_is_residual, bool return_sum) {
  SCOPED_TRACE(std::to_string(sum_is_residual) + std::to_string(out_is_residual) + std::to_string(return_sum));
  const Batch batch = numbered_batch({100, 1, 30, 99});
  expect_conforms(batch, kProductNormTolerance, [&](Session& s) {
    const size_t rows = batch.num_tokens();
    const TensorView residual = s.input(random_matrix(4, rows, 72));
    const TensorView sum = sum_is_residual ? residual : s.view(rows, 72, 1),
                     out = out_is_residual ? residual : s.view(rows, 72, 4);
    s.stream().linear_norm(s.input(random_matrix(1, rows, 48)),
                           s.linear(random_weight(2, 72, 48), random_matrix(3, 1, 72)), {.residual = residual},
                           s.norm(random_matrix(5, 1, 72), random_matrix(6, 1, 72)), sum, out);
    return return_sum ? sum : out;
  });
}

TEST(LinearNorm, NormalisesTheSum) {
  expect_linear_norm(false, false, false);
  expect_linear_norm(false, false, true);
}

TEST(LinearNorm, MayWriteOverTheResidual) {
  expect_linear_norm(true, false, false);
  expect_linear_norm(true, false, true);
  expect_linear_norm(false, true, false);
  expect_linear_norm(true, true, false);
}

}  // namespace
}  // namespace fletcher::conformance
