#include <gmock/gmock.h>

#include "fletcher/engine.h"

namespace fletcher {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

TEST(DescribeDevice, NamesTheDeviceAsALoadedModelDoes) {
  const std::string bert = FLETCHER_TEST_DATA "/models/tiny/bert";
  for (const std::string isa : {"", "scalar"}) {
    const auto device = Engine::describe_device("auto", isa);
    const auto engine = Engine::load({.model_path = bert, .isa = isa});
    ASSERT_TRUE(device && engine);
    EXPECT_EQ(device->name, (*engine)->info().device);
    EXPECT_THAT(device->name, StartsWith("cpu ("));
  }
}

TEST(DescribeDevice, ListsWhatModelsCanBeLoadedWithTheExactOneFirst) {
  const auto device = Engine::describe_device("reference", "");
  ASSERT_TRUE(device);
  EXPECT_EQ(device->name, "reference");
  EXPECT_THAT(device->precisions, ElementsAre("fp32"));
  EXPECT_EQ(Engine::describe_device("cpu", "")->precisions.front(), "fp32");
}

TEST(DescribeDevice, RefusesWhatThisMachineLacks) {
  EXPECT_EQ(Engine::describe_device("abacus", "").error().code, Code::not_found);
  EXPECT_EQ(Engine::describe_device("cpu", "z80").error().code, Code::failed_precondition);
}

TEST(Engine, RefusesAPrecisionThatTheDeviceLacksAndListsWhatItHas) {
  EngineOptions options{.model_path = FLETCHER_TEST_DATA "/models/tiny/bert", .device = "reference"};
  for (const char* precision : {"bf16", "fp8", "auto", ""}) {
    options.precision = precision;
    const auto engine = Engine::load(options);
    ASSERT_FALSE(engine) << precision;
    EXPECT_EQ(engine.error().code, Code::unimplemented);
    EXPECT_THAT(engine.error().message, HasSubstr("is not available on reference, wanted one of fp32"));
  }
}

}  // namespace
}  // namespace fletcher
