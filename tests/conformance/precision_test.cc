// Products and attention in bf16 and int8. On operands that the precision holds exactly they are as near to the
// reference as f32; on others they lose what rounding the operands must lose.

#include <cmath>

#include "conformance.h"

namespace fletcher::conformance {
namespace {

// As in linear_test.cc: roundings of f32 sums of about 1.
constexpr double kExactOperandTolerance = 5e-6;
// fast_gelu's 4e-5 on top.
constexpr double kFastActivationTolerance = 5e-5;

/// Rounded to bf16, ties to even.
Matrix rounded(Matrix matrix) {
  for (float& x : matrix.values) {
    const uint32_t bits = __builtin_bit_cast(uint32_t, x);
    x = __builtin_bit_cast(float, (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000);
  }
  return matrix;
}

/// Whole numbers of [low, high], both of which occur in every group of `every` columns.
Matrix whole_numbers(uint32_t seed, size_t rows, size_t cols, int low, int high, size_t every, float factor = 1) {
  Matrix matrix = random_matrix(seed, rows, cols);
  const float middle = static_cast<float>(low + high) / 2, half = static_cast<float>(high - low) / 2;
  for (size_t i = 0; i < matrix.values.size(); ++i) {
    const size_t at = i % cols % every;
    const float x = std::nearbyint(middle + half * matrix.values[i]);
    matrix.values[i] = factor * (at == 0 ? static_cast<float>(low) : at == 1 ? static_cast<float>(high) : x);
  }
  return matrix;
}

template <typename Program>
void expect_precision(Precision precision, const Batch& batch, double tolerance, const Program& program) {
  Session wanted_session(reference(), batch);
  const std::vector<float> wanted = wanted_session.finish(program(wanted_session));
  size_t ran = 0;
  for (const Target& target : targets()) {
    if (!target.backend->supports(precision)) continue;
    ++ran;
    Session session(*target.backend, batch);
    EXPECT_LE(max_difference(session.finish(program(session)), wanted), tolerance) << target.label;
  }
  if (ran == 0) std::printf("NOT RUN: precision %d (this machine lacks it)\n", static_cast<int>(precision));
}

void expect_bf16_linear(size_t m, size_t k, size_t n, const Epilogue& e = {},
                        double tolerance = kExactOperandTolerance) {
  SCOPED_TRACE(std::to_string(m) + " x " + std::to_string(k) + " x " + std::to_string(n));
  const Batch batch = numbered_batch({m});
  expect_precision(Precision::bf16, batch, tolerance, [&](Session& s) {
    const TensorView out = s.view(m, n, 3);
    const Matrix weight = rounded(random_matrix(2, n, k, 1.7f / std::sqrt(static_cast<float>(k))));
    s.stream().linear(s.input(rounded(random_matrix(1, m, k)), 5),
                      s.linear(weight, random_matrix(3, 1, n), Precision::bf16), e, out);
    return out;
  });
}

TEST(Bf16Linear, IsExactOnOperandsThatAreBf16) {
  for (size_t m = 1; m <= 40; ++m) expect_bf16_linear(m, 20, 40);
  for (size_t n = 1; n <= 70; ++n) expect_bf16_linear(7, 20, n);
  for (size_t k = 1; k <= 70; ++k) expect_bf16_linear(5, k, 33);
  expect_bf16_linear(97, 384, 1152);
  expect_bf16_linear(50, 1536, 384);
}

TEST(Bf16Linear, AppliesActivations) {
  for (const ActivationKind act : {ActivationKind::gelu, ActivationKind::gelu_tanh, ActivationKind::relu,
                                   ActivationKind::silu, ActivationKind::tanh, ActivationKind::sigmoid}) {
    expect_bf16_linear(30, 64, 70, {.act = act}, kFastActivationTolerance);
  }
}

/// Sums of whole numbers, up to 2^24, are exact: so are scales of one, and only the bias rounds.
void expect_int8_linear(size_t m, size_t k, size_t n) {
  SCOPED_TRACE(std::to_string(m) + " x " + std::to_string(k) + " x " + std::to_string(n));
  const Batch batch = numbered_batch({m});
  // Groups begin at multiples of 4 only the packing knows: every fourth pair of columns holds the extremes.
  const Matrix x = whole_numbers(1, m, k, -100, 155, 4, 1.0f / 64),
               w = whole_numbers(2, n, k, -127, 127, 4, 1.0f / 128);
  const double largest = static_cast<double>(k) * 2.5;
  expect_precision(Precision::int8, batch, 1e-6 * largest, [&](Session& s) {
    const TensorView out = s.view(m, n, 3);
    s.stream().linear(s.input(x, 5), s.linear(w, random_matrix(3, 1, n), Precision::int8), {}, out);
    return out;
  });
}

TEST(Int8Linear, IsExactOnOperandsThatAreInt8) {
  for (size_t m = 1; m <= 40; ++m) expect_int8_linear(m, 20, 40);
  for (size_t n = 1; n <= 70; ++n) expect_int8_linear(7, 20, n);
  for (size_t k = 4; k <= 72; k += 4) expect_int8_linear(5, k, 33);
  for (const size_t k : {384, 512, 516, 768, 1024, 1536}) expect_int8_linear(26, k, 45);
}

TEST(Int8Linear, UndoesTheSmoothingOfItsInputs) {
  // Centers are whole steps and scales powers of two, so that operands stay exact.
  constexpr size_t kRows = 9, kIn = 64, kOut = 37;
  const Batch batch = numbered_batch({kRows});
  Matrix x = whole_numbers(1, kRows, kIn, -100, 155, kIn), w = whole_numbers(2, kOut, kIn, -127, 127, kIn);
  Matrix center = whole_numbers(4, 1, kIn, -20, 20, kIn), scale = center;
  for (size_t i = 0; i < kIn; ++i) scale.values[i] = i % 3 == 0 ? 4.0f : i % 3 == 1 ? 1.0f : 0.5f;
  for (size_t i = 0; i < x.values.size(); ++i) {
    x.values[i] = x.values[i] * scale.values[i % kIn] + center.values[i % kIn];
  }
  for (size_t i = 0; i < w.values.size(); ++i) w.values[i] /= scale.values[i % kIn] * 8192;
  expect_precision(Precision::int8, batch, 2e-5, [&](Session& s) {
    const TensorView out = s.view(kRows, kOut);
    s.stream().linear(s.input(x), s.linear(w, random_matrix(3, 1, kOut), Precision::int8, center, scale), {}, out);
    return out;
  });
}

TEST(Int8Linear, LosesLittleOnRandomOperands) {
  constexpr size_t kRows = 33, kIn = 768, kOut = 50;
  const Batch batch = numbered_batch({kRows});
  // Operands in [-1, 1] are rounded by up to 1/255 and 1/254 of their range; sums are divided by sqrt(k / 3).
  expect_precision(Precision::int8, batch, 0.02, [&](Session& s) {
    const TensorView out = s.view(kRows, kOut);
    const Matrix weight = random_matrix(2, kOut, kIn, 1.7f / std::sqrt(static_cast<float>(kIn)));
    s.stream().linear(s.input(random_matrix(1, kRows, kIn)),
                      s.linear(weight, random_matrix(3, 1, kOut), Precision::int8), {}, out);
    return out;
  });
}

TEST(Int8Linear, GivesTheSameBitsOnEveryInstructionSet) {
  for (const size_t k : {50, 384, 1536}) {
    const Batch batch = numbered_batch({29});
    const auto run = [&](Backend& backend) {
      Session s(backend, batch);
      const TensorView out = s.view(29, 75);
      const Matrix weight = random_matrix(2, 75, k, 0.1f), center = random_matrix(4, 1, k, 0.1f);
      s.stream().linear(
          s.input(random_matrix(1, 29, k, 2, 0.3f)),
          s.linear(weight, random_matrix(3, 1, 75), Precision::int8, center, random_matrix(5, 1, k, 0.5f, 1)), {}, out);
      return s.finish(out);
    };
    const std::vector<float> wanted = run(*targets()[0].backend);
    for (const Target& target : targets()) {
      if (!target.backend->supports(Precision::int8)) continue;
      const std::vector<float> seen = run(*target.backend);
      EXPECT_EQ(std::memcmp(seen.data(), wanted.data(), wanted.size() * sizeof(float)), 0)
          << target.label << " k " << k;
    }
  }
}

TEST(Int8Linear, TakesRowsOfZerosAndTinyNumbers) {
  const Batch batch = numbered_batch({4});
  Matrix x = random_matrix(1, 4, 24);
  for (size_t i = 0; i < 24; ++i) x.values[i] = 0, x.values[24 + i] *= 1e-38f, x.values[48 + i] = 0.25f;
  expect_precision(Precision::int8, batch, 0.01, [&](Session& s) {
    const TensorView out = s.view(4, 20);
    s.stream().linear(s.input(x), s.linear(random_matrix(2, 20, 24, 0.3f), random_matrix(3, 1, 20), Precision::int8),
                      {}, out);
    return out;
  });
}

void expect_bf16_attention(const std::vector<size_t>& lengths, AttentionSpec spec) {
  SCOPED_TRACE(std::to_string(lengths[0]) + " tokens, heads of " + std::to_string(spec.head_dim));
  spec.precision = Precision::bf16;
  const Batch batch = numbered_batch(lengths);
  const size_t cols = (spec.num_attention_heads + 2 * spec.num_key_value_heads) * spec.head_dim;
  // Probabilities are rounded by 2^-9 of themselves, values are at most 1.
  expect_precision(Precision::bf16, batch, 2e-3, [&](Session& s) {
    const TensorView out = s.view(batch.num_tokens(), spec.num_attention_heads * spec.head_dim, 2);
    s.stream().attention(s.input(rounded(random_matrix(1, batch.num_tokens(), cols)), 3), spec, out);
    return out;
  });
}

TEST(Bf16Attention, RoundsOnlyProbabilitiesOfBf16Operands) {
  for (size_t length = 1; length <= 70; ++length) expect_bf16_attention({length}, {2, 2, 32, 0.5f});
  expect_bf16_attention({195, 3}, {3, 3, 32, 0.18f});
  expect_bf16_attention({513}, {2, 2, 64, 0.125f});
  for (const size_t head_dim : {1, 2, 3, 8, 17, 31, 33, 65, 80, 128, 129}) {
    expect_bf16_attention({37, 2}, {2, 2, head_dim, 0.2f});
  }
  expect_bf16_attention({50, 7}, {6, 2, 32, 0.18f});
  expect_bf16_attention({60, 5}, {2, 2, 32, 20.0f});
  expect_bf16_attention({60, 5}, {2, 2, 32, -20.0f});
}

}  // namespace
}  // namespace fletcher::conformance
