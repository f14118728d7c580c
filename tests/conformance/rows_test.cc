// embed, norm, pool, l2_normalize, read: the ops that go row by row.

#include "conformance.h"

namespace fletcher::conformance {
namespace {

// Sums of up to a few hundred values of about 1, then a division.
constexpr double kRowTolerance = 5e-6;
// With a mean 100 times the deviation, half a unit in the last place of the mean is 4e-6 and is scaled by 1.7.
constexpr double kFarMeanTolerance = 3e-5;

TEST(Embed, AddsTablesOfEveryStoredTypeAndNormalises) {
  Batch batch;
  batch.append(std::vector<int32_t>{5, 0, 9, 3}, std::vector<int32_t>{0, 1, 1, 0}, 2);
  batch.append(std::vector<int32_t>{7, 7}, {});
  for (const size_t cols : {1, 16, 33, 384}) {
    SCOPED_TRACE(cols);
    const Stored word(random_matrix(1, 10, cols), DType::f16), position(random_matrix(2, 8, cols), DType::bf16),
        type(random_matrix(3, 2, cols), DType::f32);
    std::vector<std::unique_ptr<EmbeddingTable>> kept;
    const auto program = [&](Session& s, bool with_norm) {
      for (const Stored* stored : {&word, &position, &type}) {
        kept.push_back(std::move(*s.backend().prepare_embedding(stored->host())));
      }
      const TensorView out = s.view(6, cols, 3);
      const Norm* norm = with_norm ? &s.norm(random_matrix(4, 1, cols), random_matrix(5, 1, cols)) : nullptr;
      const size_t n = kept.size();
      s.stream().embed({kept[n - 3].get(), kept[n - 2].get(), kept[n - 1].get(), norm}, out);
      return out;
    };
    expect_conforms(batch, kRowTolerance, [&](Session& s) { return program(s, false); });
    if (cols > 1) expect_conforms(batch, kRowTolerance, [&](Session& s) { return program(s, true); });
  }
}

TEST(Norm, HandlesEveryWidth) {
  for (size_t cols = 2; cols <= 130; ++cols) {
    SCOPED_TRACE(cols);
    const Batch batch = numbered_batch({5});
    expect_conforms(batch, 2 * kRowTolerance, [&](Session& s) {
      const TensorView out = s.view(5, cols, 2);
      s.stream().norm(s.input(random_matrix(1, 5, cols), 3),
                      s.norm(random_matrix(2, 1, cols), random_matrix(3, 1, cols), 1e-5f), out);
      return out;
    });
  }
}

TEST(Norm, WorksInPlaceWithoutBeta) {
  const Batch batch = numbered_batch({70, 60});
  expect_conforms(batch, kRowTolerance, [&](Session& s) {
    const TensorView x = s.input(random_matrix(1, 130, 384));
    s.stream().norm(x, s.norm(random_matrix(2, 1, 384), {}), x);
    return x;
  });
}

TEST(Norm, KeepsItsDigitsFarFromZero) {
  const Batch batch = numbered_batch({8});
  expect_conforms(batch, kFarMeanTolerance, [&](Session& s) {
    const TensorView x = s.input(random_matrix(1, 8, 384, 1, 100));
    s.stream().norm(x, s.norm(random_matrix(2, 1, 384), {}), x);
    return x;
  });
}

TEST(Norm, OfARowOfOneValueIsBeta) {
  const Batch batch = numbered_batch({2});
  expect_conforms(batch, kRowTolerance, [&](Session& s) {
    Matrix same{2, 50, std::vector<float>(100, 3.0f)};
    const TensorView x = s.input(same);
    s.stream().norm(x, s.norm(random_matrix(2, 1, 50), random_matrix(3, 1, 50)), x);
    return x;
  });
}

TEST(Pool, FollowsTheReferenceInEveryMode) {
  Batch batch = numbered_batch({4, 1, 200, 33, 2});
  batch.pool_begin = {1, 0, 7, 33, 2};  // the last two leave everything out
  for (const PoolingMode mode : {PoolingMode::cls, PoolingMode::mean, PoolingMode::max, PoolingMode::mean_sqrt_len,
                                 PoolingMode::weighted_mean, PoolingMode::last_token}) {
    for (const size_t cols : {1, 40, 384}) {
      SCOPED_TRACE(std::to_string(static_cast<int>(mode)) + " x " + std::to_string(cols));
      expect_conforms(batch, kRowTolerance, [&](Session& s) {
        const TensorView out = s.view(5, cols, 2);
        s.stream().pool(s.input(random_matrix(1, 240, cols), 1), mode, out);
        return out;
      });
    }
  }
}

TEST(L2Normalize, ScalesRowsToUnitLengthAndLeavesZeros) {
  const Batch batch = numbered_batch({3, 2});
  for (const size_t cols : {1, 17, 384}) {
    expect_conforms(batch, kRowTolerance, [&](Session& s) {
      Matrix values = random_matrix(1, 5, cols);
      for (size_t c = 0; c < cols; ++c) values.values[2 * cols + c] = 0;
      const TensorView x = s.input(values, 4);
      s.stream().l2_normalize(x);
      return x;
    });
  }
}

TEST(Read, DeliversWhatEmbedPutIn) {
  const Matrix values = random_matrix(1, 11, 21);
  for (const Target& target : targets()) {
    const Batch batch = numbered_batch({4, 7});
    Session session(*target.backend, batch);
    EXPECT_EQ(session.finish(session.input(values, 6)), values.values) << target.label;
  }
}

TEST(Stream, ReportsTheFirstBrokenContractAndRecovers) {
  const Batch batch = numbered_batch({3});
  for (const Target& target : targets()) {
    Session session(*target.backend, batch);
    Stream& stream = session.stream();
    const TensorView x = session.input(random_matrix(1, 3, 8));
    stream.norm(x, session.norm(random_matrix(2, 1, 9), {}), x);
    stream.linear(x, session.linear(random_matrix(3, 4, 9), {}), {}, x);
    const auto broken = stream.finish();
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().code, Code::invalid_argument);
    EXPECT_EQ(broken.error().message,
              std::string(target.backend->name()) + " backend: norm: wanted views of one shape, as wide as gamma");
    stream.begin(batch);
    EXPECT_TRUE(stream.finish());
  }
}

TEST(CpuBackend, NamesTheInstructionSetsItHas) {
  const auto backend = cpu::CpuBackend::create({.isa = "altivec"});
  ASSERT_FALSE(backend);
  EXPECT_EQ(backend.error().code, Code::failed_precondition);
  EXPECT_TRUE(backend.error().message.starts_with("instruction set \"altivec\", this machine has scalar"));
}

TEST(Backend, RefusesWhatItLacks) {
  const Stored weight(random_matrix(1, 2, 2), DType::f32);
  const HostMatrix host = weight.host();
  for (const Target& target : targets()) {
    SCOPED_TRACE(target.label);
    Backend& backend = *target.backend;
    EXPECT_EQ(backend.prepare_linear({{&host, 1}, {}, Precision::f16}).error().code, Code::unimplemented);
    EXPECT_EQ(backend.prepare_linear({}).error().code, Code::invalid_argument);
    EXPECT_EQ(backend.activation(size_t{1} << 40, size_t{1} << 40).error().code, Code::resource_exhausted);
    EXPECT_EQ(backend.activation(size_t{1} << 23, size_t{1} << 23).error().code, Code::resource_exhausted);
  }
}

}  // namespace
}  // namespace fletcher::conformance
