// attention: every length and head size, grouped heads, isolation between sequences.

#include "conformance.h"

namespace fletcher::conformance {
namespace {

// Weights sum to 1, values are at most 1: what is left is the rounding of scores of about 3 (2e-7 each, which the
// exponential passes on) and of exp (2 units in the last place).
constexpr double kAttentionTolerance = 5e-6;
// Scores up to 60 round to 4e-6, and so do the exponentials relative to their size.
constexpr double kPeakedTolerance = 2e-5;

void expect_attention(const std::vector<size_t>& lengths, const AttentionSpec& spec,
                      double tolerance = kAttentionTolerance) {
  SCOPED_TRACE(std::to_string(lengths[0]) + " tokens, " + std::to_string(spec.num_attention_heads) + "/" +
               std::to_string(spec.num_key_value_heads) + " heads of " + std::to_string(spec.head_dim));
  const Batch batch = numbered_batch(lengths);
  const size_t cols = (spec.num_attention_heads + 2 * spec.num_key_value_heads) * spec.head_dim;
  expect_conforms(batch, tolerance, [&](Session& s) {
    const TensorView out = s.view(batch.num_tokens(), spec.num_attention_heads * spec.head_dim, 2);
    s.stream().attention(s.input(random_matrix(1, batch.num_tokens(), cols), 3), spec, out);
    return out;
  });
}

TEST(Attention, HandlesEveryLength) {
  for (size_t length = 1; length <= 130; ++length) expect_attention({length}, {2, 2, 32, 0.5f});
  expect_attention({195}, {3, 3, 32, 0.18f});
  expect_attention({513}, {2, 2, 64, 0.125f});
}

TEST(Attention, HandlesEveryHeadSize) {
  for (const size_t head_dim : {1, 2, 3, 8, 16, 17, 31, 33, 48, 64, 65, 80, 100, 128, 129, 256}) {
    expect_attention({37, 2}, {2, 2, head_dim, 0.2f});
  }
}

TEST(Attention, SharesKeysAmongGroupedHeads) {
  expect_attention({50, 7}, {6, 2, 32, 0.18f});
  expect_attention({50, 7}, {4, 1, 20, 0.18f});
  expect_attention({300}, {8, 2, 16, 0.25f});
}

TEST(Attention, DividesOneLongSequenceOverThreads) { expect_attention({1500}, {2, 2, 32, 0.18f}); }

TEST(Attention, SurvivesScoresThatExpWouldOverflow) {
  expect_attention({60, 5}, {2, 2, 32, 20.0f}, kPeakedTolerance);
  expect_attention({60, 5}, {2, 2, 32, -20.0f}, kPeakedTolerance);
}

TEST(Attention, OfOneTokenIsItsValue) {
  const Matrix qkv = random_matrix(1, 3, 3 * 64);
  for (const Target& target : targets()) {
    const Batch batch = numbered_batch({1, 1, 1});
    Session s(*target.backend, batch);
    const TensorView out = s.view(3, 64);
    s.stream().attention(s.input(qkv), {2, 2, 32, 0.18f}, out);
    const std::vector<float> seen = s.finish(out);
    for (size_t t = 0; t < 3; ++t) {
      for (size_t c = 0; c < 64; ++c) EXPECT_EQ(seen[t * 64 + c], qkv.values[t * 192 + 128 + c]) << target.label;
    }
  }
}

TEST(Attention, IgnoresOtherSequences) {
  const std::vector<size_t> lengths = {9, 40, 1, 120};
  Matrix qkv = random_matrix(1, 170, 3 * 32);
  for (const Target& target : targets()) {
    const Batch batch = numbered_batch(lengths);
    const auto run = [&](const Matrix& values) {
      Session s(*target.backend, batch);
      const TensorView out = s.view(170, 32);
      s.stream().attention(s.input(values), {1, 1, 32, 0.18f}, out);
      return s.finish(out);
    };
    const std::vector<float> before = run(qkv);
    Matrix changed = qkv;  // all but the second sequence, rows 9 to 48
    for (size_t i = 0; i < changed.values.size(); ++i) {
      const size_t token = i / 96;
      if (token < 9 || token >= 49) changed.values[i] = 1e6f;
    }
    const std::vector<float> after = run(changed);
    EXPECT_EQ(std::memcmp(before.data() + 9 * 32, after.data() + 9 * 32, 40 * 32 * sizeof(float)), 0) << target.label;
  }
}

}  // namespace
}  // namespace fletcher::conformance
