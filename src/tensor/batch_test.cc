#include "tensor/batch.h"

#include <gmock/gmock.h>

namespace fletcher {
namespace {

using testing::ElementsAre;

TEST(Batch, PacksSequencesOneAfterTheOther) {
  Batch batch;
  batch.append(std::vector<int32_t>{7, 8, 9}, {});
  batch.append(std::vector<int32_t>{5}, {});
  EXPECT_EQ(batch.num_tokens(), 4u);
  EXPECT_EQ(batch.num_sequences(), 2u);
  EXPECT_THAT(batch.input_ids, ElementsAre(7, 8, 9, 5));
  EXPECT_THAT(batch.cu_seqlens, ElementsAre(0, 3, 4));
  EXPECT_EQ(batch.max_seqlen, 3);
}

TEST(Batch, CountsPositionsFromTheFirstOneOfEachSequence) {
  Batch batch;
  batch.append(std::vector<int32_t>{7, 8, 9}, {});
  batch.append(std::vector<int32_t>{5, 6}, {}, 2);
  EXPECT_THAT(batch.position_ids, ElementsAre(0, 1, 2, 2, 3));
}

TEST(Batch, TakesTokenTypesOrZeros) {
  Batch batch;
  batch.append(std::vector<int32_t>{7, 8}, std::vector<int32_t>{0, 1});
  batch.append(std::vector<int32_t>{5, 6}, {});
  batch.append(std::vector<int32_t>{4}, std::vector<int32_t>{1});
  EXPECT_THAT(batch.token_type_ids, ElementsAre(0, 1, 0, 0, 1));
}

TEST(Batch, KeepsWherePoolingBegins) {
  Batch batch;
  batch.append(std::vector<int32_t>{7, 8}, {}, 0, 1);
  batch.append(std::vector<int32_t>{5}, {});
  EXPECT_THAT(batch.pool_begin, ElementsAre(1, 0));
}

TEST(Batch, ForgetsItsSequencesAndKeepsItsMemory) {
  Batch batch;
  batch.append(std::vector<int32_t>{7, 8, 9}, {}, 0, 2);
  const int32_t* memory = batch.input_ids.data();
  batch.clear();
  EXPECT_EQ(batch.num_tokens(), 0u);
  EXPECT_EQ(batch.num_sequences(), 0u);
  EXPECT_EQ(batch.max_seqlen, 0);
  batch.append(std::vector<int32_t>{1, 2}, {});
  EXPECT_THAT(batch.cu_seqlens, ElementsAre(0, 2));
  EXPECT_THAT(batch.pool_begin, ElementsAre(0));
  EXPECT_EQ(batch.input_ids.data(), memory);
}

TEST(BatchDeathTest, RefusesWhatOnlyABugWouldAppend) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Batch batch;
  EXPECT_DEATH(batch.append({}, {}), "check failed");
  EXPECT_DEATH(batch.append(std::vector<int32_t>{1, 2}, std::vector<int32_t>{0}), "check failed");
}

}  // namespace
}  // namespace fletcher
