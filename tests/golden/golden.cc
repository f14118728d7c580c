#include "golden.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace fletcher::golden {

std::vector<Target> cpu_targets() {
  std::vector<Target> targets;
  for (const char* isa :
       {"scalar", "avx2", "avx2_vnni", "avx512", "avx512_vnni", "avx512_bf16", "amx", "neon", "neon_dotprod"}) {
    if (auto device = Engine::describe_device("cpu", isa)) {
      targets.push_back({"cpu", isa, std::move(device->precisions)});
    } else {
      std::printf("NOT RUN: goldens on %s (this machine lacks it)\n", isa);
    }
  }
  return targets;
}

std::vector<Target> all_targets() {
  std::vector<Target> targets = cpu_targets();
  targets.insert(targets.begin(), {"reference", "", {"fp32"}});
  if (auto device = Engine::describe_device("webgpu", "")) {
    targets.push_back({"webgpu", "", std::move(device->precisions)});
  } else {
    std::printf("NOT RUN: goldens on webgpu (%s)\n", device.error().message.c_str());
  }
  return targets;
}

Case tiny_case(const std::string& name) {
  const std::string folder = FLETCHER_TEST_DATA "/models/tiny/" + name;
  return {name, folder, folder + "/golden.json"};
}

std::optional<Case> minilm_case(const std::string& what) {
  const char* folder = std::getenv("FLETCHER_MINILM");
  if (folder == nullptr || !std::filesystem::exists(folder)) {
    std::printf("NOT RUN: %s of all-MiniLM-L6-v2 (FLETCHER_MINILM names no folder)\n", what.c_str());
    return std::nullopt;
  }
  const char* shared = std::getenv("FLETCHER_SHARED");
  std::string file =
      std::string(shared != nullptr ? shared : "../shared") + "/data/golden/models/all-MiniLM-L6-v2.json";
  if (!std::filesystem::exists(file)) file = FLETCHER_TEST_DATA "/golden/all-MiniLM-L6-v2.json";
  return Case{"all-MiniLM-L6-v2", folder, file};
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

Values load_values(const std::string& file) {
  Values values;
  const auto json = Json::load(file);
  EXPECT_TRUE(json) << json.error().message;
  if (!json) return values;
  values.classify = *(*json)["kind"].as_string() == "classify";
  const bool* normalize = (*json)["normalize"].as_bool();
  values.normalized = normalize == nullptr || *normalize;
  values.request.max_length = static_cast<size_t>(*(*json)["max_length"].as_number());
  if (values.classify) values.request.outputs = static_cast<uint8_t>(Output::logits);
  for (const Json& item : *(*json)["items"].as_array()) {
    if (values.classify) {
      values.request.inputs.emplace_back(TextPair{text_of(item["a"]), text_of(item["b"])});
    } else {
      values.request.inputs.emplace_back(text_of(item["text"]));
    }
    values.wanted.push_back(numbers(item[values.classify ? "logits" : "vector"]));
    values.tokens.push_back(item["ids"].as_array()->size());
  }
  return values;
}

}  // namespace fletcher::golden
