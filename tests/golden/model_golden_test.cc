// Vectors and logits of Hugging Face's own code against the model on every backend and instruction set.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "fletcher/engine.h"

namespace fletcher {
namespace {

// Bounds of the data's own table of tolerances, for values kept with 7 digits.
constexpr double kUnitVectorTolerance = 1e-5;
constexpr double kOtherVectorTolerance = 5e-5;
constexpr double kLogitTolerance = 5e-5;
constexpr double kReferenceTolerance = 1e-6;  // the reference computes in double, as the goldens do

struct Target {
  std::string device;
  std::string isa;
};

/// The reference, every instruction set that this machine has, and the other devices of build and machine.
std::vector<Target> targets() {
  std::vector<Target> all = {{"reference", ""}};
  for (const char* isa : {"scalar", "avx2", "avx512"}) {
    EngineOptions options{.model_path = FLETCHER_TEST_DATA "/models/tiny/bert", .device = "cpu", .isa = isa};
    if (Engine::load(options)) {
      all.push_back({"cpu", isa});
    } else {
      std::printf("NOT RUN: goldens on %s (this machine lacks it)\n", isa);
    }
  }
  const auto webgpu = Engine::load({.model_path = FLETCHER_TEST_DATA "/models/tiny/bert", .device = "webgpu"});
  if (webgpu) {
    all.push_back({"webgpu", ""});
  } else {
    std::printf("NOT RUN: goldens on webgpu (%s)\n", webgpu.error().message.c_str());
  }
  return all;
}

std::string text_of(const Json& text) {
  if (text.as_string() != nullptr) return *text.as_string();
  std::string out;
  const auto times = static_cast<size_t>(*text["times"].as_number());
  for (size_t i = 0; i < times; ++i) out += *text["repeat"].as_string();
  return out;
}

std::vector<double> numbers(const Json& json) {
  std::vector<double> out;
  for (const Json& value : *json.as_array()) out.push_back(*value.as_number());
  return out;
}

double max_difference(const std::vector<float>& seen, const std::vector<double>& wanted) {
  if (seen.size() != wanted.size()) return INFINITY;
  double highest = 0;
  for (size_t i = 0; i < seen.size(); ++i) {
    const double difference = std::abs(seen[i] - wanted[i]);
    highest = difference <= highest ? highest : difference;  // a NaN is not <=
  }
  return highest;
}

struct GoldenCase {
  std::string folder;
  std::string golden;
  std::string name;
};

void expect_golden(const GoldenCase& golden, const Target& target) {
  const auto json = Json::load(golden.golden);
  ASSERT_TRUE(json) << json.error().message;
  auto engine = Engine::load({.model_path = golden.folder, .device = target.device, .isa = target.isa});
  ASSERT_TRUE(engine) << engine.error().message;
  const Json::Array& items = *(*json)["items"].as_array();
  ASSERT_GE(items.size(), 10u);
  const bool classify = *(*json)["kind"].as_string() == "classify";
  EmbedRequest request{.max_length = static_cast<size_t>(*(*json)["max_length"].as_number())};
  if (classify) request.outputs = static_cast<uint8_t>(Output::logits);
  for (const Json& item : items) {
    if (classify) {
      request.inputs.emplace_back(TextPair{text_of(item["a"]), text_of(item["b"])});
    } else {
      request.inputs.emplace_back(text_of(item["text"]));
    }
  }
  double tolerance = target.device == "reference" ? kReferenceTolerance : kUnitVectorTolerance;
  if (classify) tolerance = kLogitTolerance;
  if ((*json)["normalize"].as_bool() != nullptr && !*(*json)["normalize"].as_bool()) tolerance = kOtherVectorTolerance;
  const auto results = (*engine)->embed(std::move(request));
  double highest = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    ASSERT_TRUE(results[i]) << "item " << i << ": " << results[i].error().message;
    const Item& seen = *results[i];
    EXPECT_EQ(seen.tokens, items[i]["ids"].as_array()->size()) << "item " << i;
    const double difference = classify ? max_difference(seen.logits, numbers(items[i]["logits"]))
                                       : max_difference(seen.dense, numbers(items[i]["vector"]));
    EXPECT_LE(difference, tolerance) << "item " << i;
    highest = std::max(highest, difference);
  }
  std::printf("%s on %s %s: max |difference| %.2g over %zu items (bound %.0e)\n", golden.name.c_str(),
              target.device.c_str(), target.isa.c_str(), highest, items.size(), tolerance);
}

TEST(ModelGolden, TinyModelsGiveHuggingFacesVectors) {
  for (const Target& target : targets()) {
    for (const char* name : {"bert", "bert_dense", "bert_reranker"}) {
      const std::string folder = std::string(FLETCHER_TEST_DATA "/models/tiny/") + name;
      SCOPED_TRACE(std::string(name) + " on " + target.device + " " + target.isa);
      expect_golden({folder, folder + "/golden.json", name}, target);
    }
  }
}

TEST(ModelGolden, EveryPoolingModeGivesHuggingFacesVectors) {
  const std::string folder = FLETCHER_TEST_DATA "/models/tiny/bert";
  const auto json = Json::load(folder + "/golden.json");
  ASSERT_TRUE(json) << json.error().message;
  size_t compared = 0;
  for (const Target& target : targets()) {
    for (const Json& item : *(*json)["items"].as_array()) {
      if (item["other_pooling"].is_null()) continue;
      for (const auto& [mode, vector] : *item["other_pooling"].as_object()) {
        auto engine = Engine::load({.model_path = folder, .device = target.device, .isa = target.isa, .pooling = mode});
        ASSERT_TRUE(engine) << engine.error().message;
        EmbedRequest request{.inputs = {text_of(item["text"])}};
        const auto result = (*engine)->embed(std::move(request));
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
  const char* folder = std::getenv("FLETCHER_MINILM");
  if (folder == nullptr || !std::filesystem::exists(folder)) {
    std::printf("NOT RUN: all-MiniLM-L6-v2 goldens (FLETCHER_MINILM names no folder)\n");
    return;
  }
  const char* shared = std::getenv("FLETCHER_SHARED");
  std::string golden =
      std::string(shared != nullptr ? shared : "../shared") + "/data/golden/models/all-MiniLM-L6-v2.json";
  if (!std::filesystem::exists(golden)) golden = FLETCHER_TEST_DATA "/golden/all-MiniLM-L6-v2.json";
  for (const Target& target : targets()) {
    SCOPED_TRACE(target.device + " " + target.isa);
    expect_golden({folder, golden, "all-MiniLM-L6-v2"}, target);
  }
}

}  // namespace
}  // namespace fletcher
