#include "engine/embedding_type.h"

#include <gtest/gtest.h>

#include <limits>

namespace fletcher {
namespace {

std::vector<int> bytes(std::span<const float> vector, EmbeddingType type) {
  std::vector<int> out;
  for (const std::byte b : quantize(vector, type)) out.push_back(static_cast<int>(b));
  return out;
}

TEST(Quantize, RoundsToTheLargestMagnitude) {
  const std::vector<float> v = {1.0f, -2.0f, 0.0f, 0.5f};
  EXPECT_EQ(bytes(v, EmbeddingType::int8), (std::vector<int>{64, 129, 0, 32}));  // 63.5 to even, -127 as a byte
  EXPECT_EQ(bytes(v, EmbeddingType::uint8), (std::vector<int>{192, 1, 128, 160}));
}

TEST(Quantize, PacksTheFirstDimensionIntoTheHighestBit) {
  const std::vector<float> v = {1, -1, 0, 2, 0, 0, 0, 3, -1, 4};
  EXPECT_EQ(bytes(v, EmbeddingType::ubinary), (std::vector<int>{0b10010001, 0b01000000}));
  EXPECT_EQ(bytes(v, EmbeddingType::binary), (std::vector<int>{0b00010001, 0b11000000}));
}

TEST(Quantize, WritesHalvesRoundedToEven) {
  // 1, the tie 1 + 2^-11 (to even: 1), 1 + 3·2^-11 (to even: 1 + 2^-9), the largest half, overflow, the smallest
  // subnormal
  const std::vector<float> v = {1.0f, 1.00048828125f, 1.00146484375f, 65504.0f, 65520.0f, 0x1p-24f, 0x1p-25f};
  EXPECT_EQ(bytes(v, EmbeddingType::float16),
            (std::vector<int>{0x00, 0x3C, 0x00, 0x3C, 0x02, 0x3C, 0xFF, 0x7B, 0x00, 0x7C, 0x01, 0x00, 0x00, 0x00}));
}

TEST(Quantize, KeepsZerosAtZero) {
  EXPECT_EQ(bytes(std::vector<float>{0, 0}, EmbeddingType::int8), (std::vector<int>{0, 0}));
}

TEST(Normalize, LeavesAVectorOfZerosAlone) {
  std::vector<float> v = {0, 0};
  normalize(v);
  EXPECT_EQ(v, (std::vector<float>{0, 0}));
}

TEST(Normalize, ScalesToUnitLength) {
  std::vector<float> v = {3, -4};
  normalize(v);
  EXPECT_FLOAT_EQ(v[0], 0.6f);
  EXPECT_FLOAT_EQ(v[1], -0.8f);
}

}  // namespace
}  // namespace fletcher
