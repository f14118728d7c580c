#include "cli/op_cases.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "backend/registry.h"

namespace fletcher::cli {
namespace {

const LayerShape& shape(std::string_view name) { return *std::ranges::find(kLayerShapes, name, &LayerShape::name); }

/// The first case with these marks, which the table must have.
const OpCase& find(const std::vector<OpCase>& cases, std::string_view op, std::string_view size,
                   std::string_view rows) {
  const auto found = std::ranges::find_if(
      cases, [&](const OpCase& c) { return c.op == op && (size.empty() || c.size == size) && c.rows() == rows; });
  static const OpCase kNone;
  EXPECT_NE(found, cases.end()) << op << " " << size << " " << rows;
  return found == cases.end() ? kNone : *found;
}

TEST(OpCases, CountUsefulOperations) {
  const auto cases = op_cases(shape("minilm"), 0);
  EXPECT_EQ(find(cases, "linear+gelu", "384 > 1536", "8").flops, 2.0 * 8 * 384 * 1536);
  EXPECT_EQ(find(cases, "attention", "12 heads of 32", "4 x 128").flops, 4.0 * 4 * 128 * 128 * 384);
  EXPECT_EQ(find(cases, "norm", "384", "512").flops, 0);
  const OpCase& encoder = find(cases, "encoder", "6 layers of 384", "10 x 195");
  EXPECT_EQ(encoder.attention_flops, 6 * 4.0 * 10 * 195 * 195 * 384);
  EXPECT_EQ(encoder.flops - encoder.attention_flops, 6 * 2.0 * 1950 * (4 * 384 * 384 + 2 * 384 * 1536));
}

TEST(OpCases, CountBytesOfActivations) {
  const auto cases = op_cases(shape("bert-base"), 0);
  EXPECT_EQ(find(cases, "linear", "768 > 2304", "1").activation_bytes, 4.0 * (768 + 2304));
  EXPECT_EQ(find(cases, "linear+residual+norm", "3072 > 768", "32").activation_bytes, 4.0 * 32 * (3072 + 2 * 768));
  EXPECT_EQ(find(cases, "pool mean", "768", "32 x 16").activation_bytes, 4.0 * (512 + 32) * 768);
}

TEST(OpCases, GroupQueriesAsTheModelDoes) {
  const auto cases = op_cases(shape("qwen3-0.6b"), 0);
  find(cases, "linear", "1024 > 4096", "1");  // 16 heads of queries, 8 of keys and 8 of values, of 128 each
  find(cases, "linear+residual", "2048 > 1024", "1");
  find(cases, "linear", "1024 > 6144", "256");  // gate and up
  EXPECT_TRUE(std::ranges::none_of(cases, [](const OpCase& c) { return c.op.find("norm") != std::string::npos; }));
}

TEST(OpCases, HaveDistinctLines) {
  for (const LayerShape& s : kLayerShapes) {
    std::map<std::string, int> seen;
    for (const OpCase& c : op_cases(s, 0)) EXPECT_EQ(++seen[c.op + "|" + c.size + "|" + c.rows()], 1) << c.op;
  }
}

/// One layer that the naive reference computes in a moment.
constexpr LayerShape kTinyShape{"tiny", 8, 16, 2, 1, 4};

TEST(OpCases, RunOnAnyBackend) {
  const auto backend = make_backend({.device = "reference"});
  ASSERT_TRUE(backend);
  for (const OpCase& c : op_cases(kTinyShape, 4000)) {
    if (c.sequences.tokens() > 600) continue;  // the large encoders
    OpRig rig(**backend, Precision::f32, c.sequences);
    const auto prepared = c.prepare(rig);
    ASSERT_TRUE(prepared) << c.op << ": " << prepared.error().message;
    for (int i = 0; i < 2; ++i) {
      const auto status = rig.run(*prepared);
      EXPECT_TRUE(status) << c.op << " " << c.rows() << ": " << status.error().message;
    }
  }
}

TEST(OpCases, ColdWeightsAreThatManyBytes) {
  const auto backend = make_backend({.device = "reference"});
  ASSERT_TRUE(backend);
  const auto cases = op_cases(kTinyShape, 4000);
  const OpCase& cold = find(cases, "cold layer", "", "16");
  ASSERT_TRUE(cold.cold);
  OpRig rig(**backend, Precision::f32, cold.sequences);
  const auto prepared = cold.prepare(rig);
  ASSERT_TRUE(prepared);
  EXPECT_GE(rig.weight_bytes(), 4000u);
  EXPECT_GT(prepared->weight_copies, 1u);
  EXPECT_EQ(rig.weight_bytes() % prepared->weight_copies, 0u);
}

}  // namespace
}  // namespace fletcher::cli
