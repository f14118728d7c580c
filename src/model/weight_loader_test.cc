#include "model/weight_loader.h"

#include <gmock/gmock.h>

#include <cstring>
#include <map>

#include "backend/stream.h"

namespace fletcher {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FakeLinear final : public Linear {
 public:
  FakeLinear(size_t in, size_t out) : Linear(in, out) {}
  size_t size_bytes() const override { return 1000; }
};
class FakeNorm final : public Norm {
 public:
  explicit FakeNorm(size_t features) : Norm(features) {}
};
class FakeTable final : public EmbeddingTable {
 public:
  FakeTable(size_t rows, size_t features) : EmbeddingTable(rows, features) {}
  size_t size_bytes() const override { return 10; }
};

std::vector<float> floats(const HostMatrix& matrix) {
  std::vector<float> out(matrix.rows * matrix.cols);
  std::memcpy(out.data(), matrix.data.data(), matrix.data.size());
  return out;
}

/// Notes what it is asked to prepare; refuses everything once `refusal` is set.
class FakeBackend final : public Backend {
 public:
  std::string_view name() const override { return "fake"; }
  std::string_view instruction_set() const override { return ""; }
  bool supports(Precision) const override { return true; }
  Result<Activation> activation(size_t, size_t) override { return unimplemented("no activations"); }
  std::unique_ptr<Stream> open_stream() override { return nullptr; }

  Result<std::unique_ptr<Linear>> prepare_linear(const LinearSource& source) override {
    if (!refusal.empty()) return invalid_argument(refusal);
    precision = source.precision;
    weights.clear();
    biases.clear();
    size_t out = 0;
    for (const HostMatrix& w : source.weights) weights.push_back(floats(w)), out += w.rows;
    for (const HostMatrix& b : source.biases) biases.push_back(floats(b));
    center.assign(source.input_center.begin(), source.input_center.end());
    scale.assign(source.input_scale.begin(), source.input_scale.end());
    return std::make_unique<FakeLinear>(source.weights[0].cols, out);
  }
  Result<std::unique_ptr<Norm>> prepare_norm(const NormSource& source) override {
    if (!refusal.empty()) return invalid_argument(refusal);
    gamma = floats(source.gamma);
    beta = floats(source.beta);
    eps = source.eps;
    return std::make_unique<FakeNorm>(source.gamma.cols);
  }
  Result<std::unique_ptr<EmbeddingTable>> prepare_embedding(const HostMatrix& source) override {
    if (!refusal.empty()) return invalid_argument(refusal);
    return std::make_unique<FakeTable>(source.rows, source.cols);
  }

  std::string refusal;
  Precision precision = Precision::f32;
  std::vector<std::vector<float>> weights, biases;
  std::vector<float> center, scale, gamma, beta;
  float eps = 0;
};

/// Tensors in memory; notes the names that are released.
class FakeFile final : public TensorFile {
 public:
  void add(const std::string& name, std::vector<uint64_t> shape, std::vector<float> values) {
    Stored& stored = tensors_[name];
    stored.values = std::move(values);
    stored.info = {DType::f32, std::move(shape), std::as_bytes(std::span(stored.values))};
  }
  const TensorInfo* find(std::string_view name) const override {
    const auto found = tensors_.find(std::string(name));
    return found == tensors_.end() ? nullptr : &found->second.info;
  }
  std::vector<std::string_view> names() const override { return {}; }
  void release(const TensorInfo& tensor) const override {
    for (const auto& [name, stored] : tensors_) {
      if (&stored.info == &tensor) released.push_back(name);
    }
  }

  mutable std::vector<std::string> released;

 private:
  struct Stored {
    std::vector<float> values;
    TensorInfo info;
  };
  std::map<std::string, Stored> tensors_;
};

/// Two products of 2 → 1 features, a norm in either spelling, a table; all below "bert.".
class WeightLoaderTest : public ::testing::Test {
 protected:
  WeightLoaderTest() {
    file_.add("bert.query.weight", {1, 2}, {1, 2});
    file_.add("bert.query.bias", {1}, {3});
    file_.add("bert.key.weight", {1, 2}, {4, 5});
    file_.add("bert.key.bias", {1}, {6});
    file_.add("bert.norm.weight", {2}, {7, 8});
    file_.add("bert.norm.bias", {2}, {9, 10});
    file_.add("bert.old.gamma", {2}, {11, 12});
    file_.add("bert.old.beta", {2}, {13, 14});
    file_.add("bert.words.weight", {3, 2}, {1, 2, 3, 4, 5, 6});
  }
  WeightLoader loader(Precision precision = Precision::f32) {
    return WeightLoader(file_, backend_, precision, {"", "bert."}, "words.weight");
  }

  FakeBackend backend_;
  FakeFile file_;
};

TEST_F(WeightLoaderTest, StacksProductsInTheOrderOfTheirNames) {
  WeightLoader weights = loader(Precision::bf16);
  const auto linear = weights.linear({"query", "key"}, 2, 1);
  ASSERT_TRUE(linear) << linear.error().message;
  EXPECT_EQ((*linear)->out_features(), 2u);
  EXPECT_EQ(backend_.precision, Precision::bf16);
  EXPECT_THAT(backend_.weights, ElementsAre(ElementsAre(1, 2), ElementsAre(4, 5)));
  EXPECT_THAT(backend_.biases, ElementsAre(ElementsAre(3), ElementsAre(6)));
  EXPECT_THAT(weights.linears(), ElementsAre(linear->get()));
}

TEST_F(WeightLoaderTest, LeavesOutTheBiasWhereThereIsNone) {
  WeightLoader weights = loader();
  ASSERT_TRUE(weights.linear({"query"}, 2, 1, false));
  EXPECT_THAT(backend_.biases, IsEmpty());
  EXPECT_EQ(weights.parameters(), 2u);
}

TEST_F(WeightLoaderTest, CountsWhatItTook) {
  WeightLoader weights = loader();
  ASSERT_TRUE(weights.linear({"query", "key"}, 2, 1));
  ASSERT_TRUE(weights.norm("norm", 2, 1e-5f));
  ASSERT_TRUE(weights.embedding("words", 3, 2));
  EXPECT_EQ(weights.parameters(), 2u * 3 + 4 + 6);
  EXPECT_EQ(weights.linear_weights(), 4u);
  EXPECT_EQ(weights.prepared_bytes(), 1010u);
}

TEST_F(WeightLoaderTest, ReleasesPackedWeightsAndKeepsTables) {
  WeightLoader weights = loader();
  ASSERT_TRUE(weights.embedding("words", 3, 2));
  ASSERT_TRUE(weights.linear({"query", "key"}, 2, 1));
  EXPECT_THAT(file_.released, ElementsAre("bert.query.weight", "bert.key.weight"));
}

TEST_F(WeightLoaderTest, TakesTheFirstPrefixUnderWhichTheProbeExists) {
  file_.add("norm.weight", {2}, {0, 0});
  file_.add("norm.bias", {2}, {0, 0});
  WeightLoader published = loader();
  ASSERT_TRUE(published.norm("norm", 2, 1e-5f));
  EXPECT_THAT(backend_.gamma, ElementsAre(7, 8));
  file_.add("words.weight", {3, 2}, {1, 2, 3, 4, 5, 6});
  WeightLoader plain = loader();
  ASSERT_TRUE(plain.norm("norm", 2, 1e-5f));
  EXPECT_THAT(backend_.gamma, ElementsAre(0, 0));
}

TEST_F(WeightLoaderTest, ReadsNormsInEitherSpelling) {
  WeightLoader weights = loader();
  ASSERT_TRUE(weights.norm("norm", 2, 1e-5f));
  EXPECT_THAT(backend_.beta, ElementsAre(9, 10));
  EXPECT_EQ(backend_.eps, 1e-5f);
  ASSERT_TRUE(weights.norm("old", 2, 1e-12f));
  EXPECT_THAT(backend_.gamma, ElementsAre(11, 12));
  EXPECT_THAT(backend_.beta, ElementsAre(13, 14));
}

TEST_F(WeightLoaderTest, SmoothsTheProductsThatHaveStatistics) {
  WeightLoader weights = loader(Precision::int8);
  weights.smooth_inputs({{}, {{-1, -1}, {3, 1}}});
  ASSERT_TRUE(weights.linear({"query"}, 2, 1));
  EXPECT_THAT(backend_.center, IsEmpty());
  ASSERT_TRUE(weights.linear({"key"}, 2, 1));
  EXPECT_THAT(backend_.center, ElementsAre(1, 0));
  EXPECT_EQ(backend_.scale.size(), 2u);
  ASSERT_TRUE(weights.linear({"key"}, 2, 1));  // beyond the statistics
  EXPECT_THAT(backend_.center, IsEmpty());
}

TEST_F(WeightLoaderTest, NamesTheTensorThatIsMissing) {
  WeightLoader weights = loader();
  const auto value = weights.linear({"query", "value"}, 2, 1);
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, Code::not_found);
  EXPECT_THAT(value.error().message, HasSubstr("no tensor bert.value.weight"));
  EXPECT_THAT(weights.norm("none", 2, 1e-5f).error().message, HasSubstr("bert.none.weight"));
  EXPECT_THAT(weights.embedding("none", 3, 2).error().message, HasSubstr("bert.none.weight"));
}

TEST_F(WeightLoaderTest, SaysWhichShapeItSawAndWhichItWanted) {
  WeightLoader weights = loader();
  const auto turned = weights.linear({"query"}, 1, 2);
  ASSERT_FALSE(turned);
  EXPECT_EQ(turned.error().code, Code::invalid_argument);
  EXPECT_EQ(turned.error().message, "tensor bert.query.weight: shape [1, 2], but config.json asks for [2, 1]");
  EXPECT_EQ(weights.norm("norm", 5, 1e-5f).error().message,
            "tensor bert.norm.weight: shape [2], but config.json asks for [5]");
  EXPECT_EQ(weights.embedding("words", 4, 2).error().message,
            "tensor bert.words.weight: shape [3, 2], but config.json asks for [4, 2]");
}

TEST_F(WeightLoaderTest, RefusesABiasOfAnotherLength) {
  file_.add("bert.query.bias", {2}, {1, 2});
  EXPECT_EQ(loader().linear({"query"}, 2, 1).error().message,
            "tensor bert.query.bias: shape [2], but config.json asks for [1]");
}

TEST_F(WeightLoaderTest, NamesTheTensorThatTheBackendRefuses) {
  backend_.refusal = "no such arithmetic";
  for (const std::string& message :
       {loader().linear({"query"}, 2, 1).error().message, loader().norm("norm", 2, 1e-5f).error().message,
        loader().embedding("words", 3, 2).error().message}) {
    EXPECT_THAT(message, HasSubstr("tensor bert."));
    EXPECT_THAT(message, HasSubstr("no such arithmetic"));
  }
}

}  // namespace
}  // namespace fletcher
