#include "model/input_statistics.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace fletcher {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class FakeBuffer final : public Buffer {
 public:
  explicit FakeBuffer(size_t values) : Buffer(values * sizeof(float)) {}
};
class FakeLinear final : public Linear {
 public:
  FakeLinear(size_t in, size_t out) : Linear(in, out) {}
  size_t size_bytes() const override { return 0; }
};
class FakeNorm final : public Norm {
 public:
  FakeNorm() : Norm(2) {}
};

/// What the stream under test passed on.
struct Passed {
  std::string ops;                           // one letter an op, in order
  std::vector<std::vector<float>> contents;  // for each read, in order; delivered by finish()
  Result<void> outcome;
};

/// Notes what it is asked to do and delivers reads late, as a device may.
class FakeStream final : public Stream {
 public:
  explicit FakeStream(Passed& passed) : passed_(passed) {}

  void begin(const Batch&) override { passed_.ops += 'b'; }
  void embed(const EmbeddingSpec&, TensorView) override { passed_.ops += 'e'; }
  void linear(TensorView, const Linear&, const Epilogue&, TensorView) override { passed_.ops += 'l'; }
  void norm(TensorView, const Norm&, TensorView) override { passed_.ops += 'n'; }
  void linear_norm(TensorView, const Linear&, const Epilogue&, const Norm&, TensorView, TensorView) override {
    passed_.ops += 'L';
  }
  void attention(TensorView, const AttentionSpec&, TensorView) override { passed_.ops += 'a'; }
  void pool(TensorView, PoolingMode, TensorView) override { passed_.ops += 'p'; }
  void l2_normalize(TensorView) override { passed_.ops += '2'; }
  void read(TensorView, std::span<float> out) override {
    passed_.ops += 'r';
    reads_.push_back(out);
  }
  Result<void> finish() override {
    passed_.ops += 'f';
    for (size_t i = 0; i < reads_.size() && i < passed_.contents.size(); ++i) {
      std::ranges::copy(passed_.contents[i], reads_[i].begin());
    }
    reads_.clear();
    return passed_.outcome;
  }

 private:
  Passed& passed_;
  std::vector<std::span<float>> reads_;
};

/// Views of two rows and two columns.
class ObservingStreamTest : public ::testing::Test {
 protected:
  static TensorView view(FakeBuffer& buffer) { return {&buffer, 0, 2, 2, 2}; }

  Passed passed_;
  ObservingStream stream_{std::make_unique<FakeStream>(passed_)};
  FakeBuffer x_{4}, y_{4}, z_{4};
  FakeLinear first_{2, 2}, second_{2, 2};
  FakeNorm norm_;
  Batch batch_;
};

TEST_F(ObservingStreamTest, PassesEveryOpOn) {
  stream_.begin(batch_);
  stream_.embed({}, view(x_));
  stream_.attention(view(x_), {}, view(y_));
  stream_.linear(view(y_), first_, {}, view(x_));
  stream_.norm(view(x_), norm_, view(x_));
  stream_.linear_norm(view(y_), first_, {}, norm_, view(z_), view(z_));
  stream_.pool(view(x_), PoolingMode::mean, view(y_));
  stream_.l2_normalize(view(y_));
  ASSERT_TRUE(stream_.finish());
  EXPECT_EQ(passed_.ops, "bealnLp2f");
}

TEST_F(ObservingStreamTest, FindsTheRangeOfEveryFeatureOfANormedInput) {
  passed_.contents = {{1, -2, 3, 4}};
  stream_.begin(batch_);
  stream_.norm(view(x_), norm_, view(x_));
  stream_.linear(view(x_), first_, {}, view(y_));
  ASSERT_TRUE(stream_.finish());
  EXPECT_THAT(stream_.of(&first_).lowest, ElementsAre(1, -2));
  EXPECT_THAT(stream_.of(&first_).highest, ElementsAre(3, 4));
  EXPECT_THAT(stream_.of(&second_).lowest, IsEmpty());
}

TEST_F(ObservingStreamTest, WidensTheRangeWithEveryBatch) {
  for (const std::vector<float>& values : {std::vector<float>{1, 1, 2, 2}, {5, 1, 1, -7}}) {
    passed_.contents = {values};
    stream_.begin(batch_);
    stream_.norm(view(x_), norm_, view(x_));
    stream_.linear(view(x_), first_, {}, view(y_));
    ASSERT_TRUE(stream_.finish());
  }
  EXPECT_THAT(stream_.of(&first_).lowest, ElementsAre(1, -7));
  EXPECT_THAT(stream_.of(&first_).highest, ElementsAre(5, 2));
}

TEST_F(ObservingStreamTest, TellsProductsApart) {
  passed_.contents = {{1, 1, 1, 1}, {2, 2, 2, 2}};
  stream_.begin(batch_);
  stream_.norm(view(x_), norm_, view(x_));
  stream_.linear(view(x_), first_, {}, view(y_));
  stream_.linear(view(x_), second_, {}, view(z_));
  ASSERT_TRUE(stream_.finish());
  EXPECT_THAT(stream_.of(&first_).highest, ElementsAre(1, 1));
  EXPECT_THAT(stream_.of(&second_).highest, ElementsAre(2, 2));
}

TEST_F(ObservingStreamTest, LooksOnlyAtWhatComesOutOfANorm) {
  passed_.contents = {{1, 1, 1, 1}};
  stream_.begin(batch_);
  stream_.embed({.norm = &norm_}, view(x_));
  stream_.attention(view(x_), {}, view(y_));
  stream_.linear_norm(view(y_), first_, {}, norm_, view(z_), view(x_));  // of attention
  stream_.linear(view(z_), first_, {}, view(y_));                        // of a sum before its norm
  stream_.linear(view(y_), first_, {}, view(z_));                        // of a product
  ASSERT_TRUE(stream_.finish());
  EXPECT_THAT(stream_.of(&first_).lowest, IsEmpty());
}

TEST_F(ObservingStreamTest, SeesTheNormOfAnEmbeddingAndOfAProduct) {
  passed_.contents = {{1, 2, 3, 4}, {5, 6, 7, 8}};
  stream_.begin(batch_);
  stream_.embed({.norm = &norm_}, view(x_));
  stream_.linear_norm(view(x_), first_, {}, norm_, view(y_), view(y_));
  stream_.linear(view(y_), second_, {}, view(z_));
  ASSERT_TRUE(stream_.finish());
  EXPECT_THAT(stream_.of(&first_).highest, ElementsAre(3, 4));
  EXPECT_THAT(stream_.of(&second_).lowest, ElementsAre(5, 6));
}

TEST_F(ObservingStreamTest, TakesAnEmbeddingWithoutANormForNone) {
  passed_.contents = {{1, 2, 3, 4}};
  stream_.begin(batch_);
  stream_.embed({}, view(x_));
  stream_.linear(view(x_), first_, {}, view(y_));
  ASSERT_TRUE(stream_.finish());
  EXPECT_THAT(stream_.of(&first_).lowest, IsEmpty());
}

TEST_F(ObservingStreamTest, KeepsNothingOfABatchThatFailed) {
  passed_.contents = {{1, 2, 3, 4}};
  passed_.outcome = internal_error("the device is gone");
  stream_.begin(batch_);
  stream_.norm(view(x_), norm_, view(x_));
  stream_.linear(view(x_), first_, {}, view(y_));
  const auto done = stream_.finish();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "the device is gone");
  EXPECT_THAT(stream_.of(&first_).lowest, IsEmpty());
}

}  // namespace
}  // namespace fletcher
