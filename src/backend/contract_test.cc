#include "backend/contract.h"

#include <gtest/gtest.h>

namespace fletcher {
namespace {

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
  explicit FakeNorm(size_t features) : Norm(features) {}
};
class FakeTable final : public EmbeddingTable {
 public:
  explicit FakeTable(size_t features) : EmbeddingTable(10, features) {}
  size_t size_bytes() const override { return 0; }
};

/// Two sequences of together five tokens, and room for any view of the tests.
class ContractTest : public ::testing::Test {
 protected:
  ContractTest() {
    batch_.append(std::vector<int32_t>{1, 2, 3}, {});
    batch_.append(std::vector<int32_t>{4, 5}, {});
    contract_.begin(batch_);
  }

  TensorView view(size_t rows, size_t cols) { return {&buffer_, 0, rows, cols, cols, DType::f32}; }
  /// The failure, which must be of an argument, after "test backend: "; then forgets it.
  std::string failure() {
    const Result<void> status = contract_.status();
    contract_.begin(batch_);
    if (status) return "none";
    EXPECT_EQ(status.error().code, Code::invalid_argument);
    EXPECT_TRUE(status.error().message.starts_with("test backend: ")) << status.error().message;
    return status.error().message.substr(14);
  }

  Batch batch_;
  FakeBuffer buffer_{1000};
  Contract contract_{"test"};
};

TEST_F(ContractTest, AcceptsWhatTheVocabularyAllows) {
  const FakeTable table(8);
  const FakeLinear linear(8, 4);
  const FakeNorm norm8(8), norm4(4);
  std::vector<float> out(8);
  EXPECT_TRUE(contract_.embed({&table, &table, &table, &norm8}, view(5, 8)));
  EXPECT_TRUE(contract_.linear(view(3, 8), linear, {.residual = view(3, 4)}, view(3, 4)));
  EXPECT_TRUE(contract_.norm(view(5, 8), norm8, view(5, 8)));
  EXPECT_TRUE(contract_.linear_norm(view(5, 8), linear, {}, norm4, view(5, 4), view(5, 4)));
  EXPECT_TRUE(contract_.attention(view(5, 8), {2, 1, 2, 1}, view(5, 4)));
  EXPECT_TRUE(contract_.pool(view(5, 8), view(2, 8)));
  EXPECT_TRUE(contract_.l2_normalize(view(2, 8)));
  EXPECT_TRUE(contract_.read(view(1, 8), out));
  EXPECT_EQ(failure(), "none");
}

TEST_F(ContractTest, RefusesViewsOutsideTheirBuffer) {
  EXPECT_FALSE(contract_.l2_normalize({}));
  EXPECT_EQ(failure(), "l2_normalize: wanted an f32 view inside its buffer");
  EXPECT_FALSE(contract_.l2_normalize(view(126, 8)));
  EXPECT_EQ(failure(), "l2_normalize: wanted an f32 view inside its buffer");
  TensorView halves = view(1, 8);
  halves.dtype = DType::f16;
  EXPECT_FALSE(contract_.read(halves, {}));
  EXPECT_EQ(failure(), "read: wanted an f32 view inside its buffer");
}

TEST_F(ContractTest, RefusesEmbeddingsOfAnotherShape) {
  const FakeTable table(8), narrow(7);
  const FakeNorm norm(9);
  EXPECT_FALSE(contract_.embed({.word = &table}, view(4, 8)));
  EXPECT_EQ(failure(), "embed: wanted a row for each token of the batch");
  EXPECT_FALSE(contract_.embed({.position = &table}, view(5, 8)));
  EXPECT_EQ(failure(), "embed: wanted a word table");
  EXPECT_FALSE(contract_.embed({.word = &table, .token_type = &narrow}, view(5, 8)));
  EXPECT_EQ(failure(), "embed: wanted tables as wide as the output");
  EXPECT_FALSE(contract_.embed({.word = &table, .norm = &norm}, view(5, 8)));
  EXPECT_EQ(failure(), "embed: wanted a norm as wide as the output");
}

TEST_F(ContractTest, RefusesProductsAndNormsOfAnotherShape) {
  const FakeLinear linear(8, 4);
  const FakeNorm norm(5);
  EXPECT_FALSE(contract_.linear(view(3, 8), linear, {}, view(2, 4)));
  EXPECT_EQ(failure(), "linear: wanted as many rows out as in");
  EXPECT_FALSE(contract_.linear(view(3, 7), linear, {}, view(3, 4)));
  EXPECT_EQ(failure(), "linear: wanted views as wide as the weights");
  EXPECT_FALSE(contract_.linear(view(3, 8), linear, {.residual = view(3, 8)}, view(3, 4)));
  EXPECT_EQ(failure(), "linear: wanted a residual of the output's shape");
  EXPECT_FALSE(contract_.norm(view(3, 5), norm, view(3, 4)));
  EXPECT_EQ(failure(), "norm: wanted views of one shape, as wide as gamma");
  EXPECT_FALSE(contract_.linear_norm(view(3, 8), linear, {}, norm, view(3, 4), view(3, 5)));
  EXPECT_EQ(failure(), "linear_norm: wanted an output and a sum of one shape, as wide as gamma");
}

TEST_F(ContractTest, RefusesAttentionAndPoolingOfAnotherShape) {
  EXPECT_FALSE(contract_.attention(view(5, 14), {3, 2, 2, 1}, view(5, 6)));
  EXPECT_EQ(failure(), "attention: wanted num_attention_heads a multiple of num_key_value_heads");
  EXPECT_FALSE(contract_.attention(view(5, 12), {2, 2, 2, 1}, view(5, 6)));
  EXPECT_EQ(failure(), "attention: wanted queries, keys and values side by side, and an output as wide as the queries");
  EXPECT_FALSE(contract_.attention(view(4, 12), {2, 2, 2, 1}, view(4, 4)));
  EXPECT_EQ(failure(), "attention: wanted a row for each token of the batch");
  EXPECT_FALSE(contract_.pool(view(5, 8), view(2, 7)));
  EXPECT_EQ(failure(), "pool: wanted an output as wide as the input");
  EXPECT_FALSE(contract_.pool(view(5, 8), view(5, 8)));
  EXPECT_EQ(failure(), "pool: wanted a row for each token in, one for each sequence out");
}

TEST_F(ContractTest, RefusesToReadMoreThanThereIsRoomFor) {
  std::vector<float> out(15);
  EXPECT_FALSE(contract_.read(view(2, 8), out));
  EXPECT_EQ(failure(), "read: wanted room for every value");
}

TEST_F(ContractTest, KeepsTheFirstFailureAndRecordsNothingAfterIt) {
  EXPECT_FALSE(contract_.l2_normalize({}));
  EXPECT_FALSE(contract_.pool(view(5, 8), view(5, 8)));
  EXPECT_FALSE(contract_.l2_normalize(view(1, 8)));
  contract_.fail({Code::unavailable, "the device is lost"});
  EXPECT_EQ(failure(), "l2_normalize: wanted an f32 view inside its buffer");
  contract_.fail({Code::unavailable, "the device is lost"});
  EXPECT_EQ(contract_.status().error().message, "the device is lost");
}

TEST(Contract, WantsABatchFirst) {
  FakeBuffer buffer(8);
  Contract contract("test");
  EXPECT_FALSE(contract.l2_normalize({&buffer, 0, 1, 8, 8, DType::f32}));
  ASSERT_FALSE(contract.status());
  EXPECT_EQ(contract.status().error().code, Code::failed_precondition);
  EXPECT_EQ(contract.status().error().message, "test backend: no begin() came before");
}

}  // namespace
}  // namespace fletcher
