#include "tensor/tensor_view.h"

#include <gtest/gtest.h>

namespace fletcher {
namespace {

class FakeBuffer final : public Buffer {
 public:
  explicit FakeBuffer(size_t bytes) : Buffer(bytes) {}
};

TEST(TensorView, IsAbsentUnlessItHasABuffer) {
  FakeBuffer buffer(8);
  EXPECT_FALSE(TensorView());
  EXPECT_TRUE((TensorView{&buffer, 0, 1, 2, 2}));
}

TEST(TensorView, NarrowsToRowsAndColumnsWithoutMovingTheRest) {
  FakeBuffer buffer(10 * 8 * 4);
  const TensorView view{&buffer, 3, 10, 5, 8};
  const TensorView rows = view.first_rows(4);
  EXPECT_EQ(rows.rows, 4u);
  EXPECT_EQ(rows.cols, 5u);
  EXPECT_EQ(rows.offset, 3u);
  const TensorView columns = view.columns(2, 3);
  EXPECT_EQ(columns.rows, 10u);
  EXPECT_EQ(columns.cols, 3u);
  EXPECT_EQ(columns.offset, 5u);
  EXPECT_EQ(columns.row_stride, 8u);
}

TEST(TensorView, EndsWithTheLastElementNotTheLastStride) {
  FakeBuffer buffer((2 + 8 + 5) * sizeof(float));
  EXPECT_TRUE((TensorView{&buffer, 2, 2, 5, 8}.in_bounds()));
  EXPECT_FALSE((TensorView{&buffer, 3, 2, 5, 8}.in_bounds()));
  EXPECT_FALSE((TensorView{&buffer, 2, 3, 5, 8}.in_bounds()));
  EXPECT_FALSE((TensorView{&buffer, 2, 2, 6, 8}.in_bounds()));
}

TEST(TensorView, CountsElementsInTheSizeOfTheirType) {
  FakeBuffer buffer(12);
  EXPECT_TRUE((TensorView{&buffer, 0, 2, 3, 3, DType::bf16}.in_bounds()));
  EXPECT_FALSE((TensorView{&buffer, 0, 2, 3, 3, DType::f32}.in_bounds()));
}

TEST(TensorView, MayNotHaveRowsThatOverlap) {
  FakeBuffer buffer(400);
  EXPECT_FALSE((TensorView{&buffer, 0, 2, 5, 4}.in_bounds()));
}

TEST(TensorView, OfNothingIsInBounds) {
  FakeBuffer buffer(0);
  EXPECT_TRUE((TensorView{&buffer, 7, 0, 5, 5}.in_bounds()));
  EXPECT_TRUE((TensorView{&buffer, 7, 5, 0, 0}.in_bounds()));
}

}  // namespace
}  // namespace fletcher
