// Vectors and logits of Hugging Face's own code against fp32 on every backend and instruction set.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "golden.h"

namespace fletcher::golden {
namespace {

// Bounds of the data's own table of tolerances, for values kept with 7 digits.
constexpr double kUnitVectorTolerance = 1e-5;
constexpr double kOtherVectorTolerance = 5e-5;
constexpr double kLogitTolerance = 5e-5;
constexpr double kReferenceTolerance = 1e-6;  // the reference computes in double, as the goldens do

double max_difference(const std::vector<float>& seen, const std::vector<double>& wanted) {
  if (seen.size() != wanted.size()) return INFINITY;
  double highest = 0;
  for (size_t i = 0; i < seen.size(); ++i) {
    const double difference = std::abs(seen[i] - wanted[i]);
    highest = difference <= highest ? highest : difference;  // a NaN is not <=
  }
  return highest;
}

void expect_golden(const Case& golden, const Target& target) {
  const Values values = load_values(golden.file);
  ASSERT_GE(values.wanted.size(), 10u);
  auto engine = Engine::load({.model_path = golden.folder, .device = target.device, .isa = target.isa});
  ASSERT_TRUE(engine) << engine.error().message;
  double tolerance = target.device == "reference" ? kReferenceTolerance : kUnitVectorTolerance;
  if (values.classify) tolerance = kLogitTolerance;
  if (!values.normalized) tolerance = kOtherVectorTolerance;
  const auto results = (*engine)->embed(values.request);
  double highest = 0;
  for (size_t i = 0; i < results.size(); ++i) {
    ASSERT_TRUE(results[i]) << "item " << i << ": " << results[i].error().message;
    const Item& seen = *results[i];
    EXPECT_EQ(seen.tokens, values.tokens[i]) << "item " << i;
    const double difference = max_difference(values.classify ? seen.logits : seen.dense, values.wanted[i]);
    EXPECT_LE(difference, tolerance) << "item " << i;
    highest = std::max(highest, difference);
  }
  std::printf("%s on %s %s: max |difference| %.2g over %zu items (bound %.0e)\n", golden.name.c_str(),
              target.device.c_str(), target.isa.c_str(), highest, results.size(), tolerance);
}

TEST(ModelGolden, TinyModelsGiveHuggingFacesVectors) {
  for (const Target& target : all_targets()) {
    for (const char* name : {"bert", "bert_dense", "bert_reranker"}) {
      SCOPED_TRACE(std::string(name) + " on " + target.device + " " + target.isa);
      expect_golden(tiny_case(name), target);
    }
  }
}

TEST(ModelGolden, EveryPoolingModeGivesHuggingFacesVectors) {
  const Case bert = tiny_case("bert");
  const auto json = Json::load(bert.file);
  ASSERT_TRUE(json) << json.error().message;
  size_t compared = 0;
  for (const Target& target : all_targets()) {
    for (const Json& item : *(*json)["items"].as_array()) {
      if (item["other_pooling"].is_null()) continue;
      for (const auto& [mode, vector] : *item["other_pooling"].as_object()) {
        auto engine =
            Engine::load({.model_path = bert.folder, .device = target.device, .isa = target.isa, .pooling = mode});
        ASSERT_TRUE(engine) << engine.error().message;
        const auto result = (*engine)->embed({.inputs = {text_of(item["text"])}});
        ASSERT_TRUE(result[0]) << result[0].error().message;
        EXPECT_LE(max_difference(result[0]->dense, numbers(vector)), kOtherVectorTolerance)
            << mode << " " << target.isa;
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, 5u);
}

TEST(ModelGolden, MiniLmGivesHuggingFacesVectors) {
  const auto minilm = minilm_case("goldens");
  if (!minilm) return;
  for (const Target& target : all_targets()) {
    SCOPED_TRACE(target.device + " " + target.isa);
    expect_golden(*minilm, target);
  }
}

}  // namespace
}  // namespace fletcher::golden
