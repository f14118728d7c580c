#include "base/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/json_writer.h"

namespace fletcher {
namespace {

TEST(Json, NamesTheFieldAndWhatItSaw) {
  const auto json = Json::parse(R"({"a": -1, "b": "x", "c": null, "d": 1.5})", "c.json");
  ASSERT_TRUE(json);
  EXPECT_EQ(json->required_uint("a").error().message, "\"a\": -1, wanted a whole number");
  EXPECT_EQ(json->required_uint("b").error().message, "\"b\": \"x\", wanted a whole number");
  EXPECT_EQ(json->required_uint("c").error().message, "\"c\": null, wanted a whole number");
  EXPECT_EQ(json->required_uint("d").error().message, "\"d\": 1.5, wanted a whole number");
  EXPECT_EQ(json->required_string("e").error().message, "\"e\": missing, wanted a string");
  EXPECT_EQ(json->uint_or("c", 7).value(), 7u);
  EXPECT_EQ(json->bool_or("b", true).error().message, "\"b\": \"x\", wanted true or false");
}

TEST(Json, KeepsNestedValuesInOrder) {
  const auto json = Json::parse(R"({"z": [1, {"y": "\u00e9"}], "a": true})", "c.json");
  ASSERT_TRUE(json);
  EXPECT_EQ((*json->as_object())[0].first, "z");
  EXPECT_EQ(*(*(*json)["z"].as_array())[1]["y"].as_string(), "\u00e9");
  EXPECT_TRUE(*(*json)["a"].as_bool());
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const char* text : {"", "{", "{\"a\":}", "nope", "{} {}", "\"\xff\""}) {
    const auto json = Json::parse(text, "c.json");
    ASSERT_FALSE(json) << text;
    EXPECT_EQ(json.error().code, Code::data_loss);
    EXPECT_EQ(json.error().message.find("c.json: not well-formed JSON"), 0u);
  }
}

TEST(JsonWriter, SeparatesAndEscapes) {
  JsonWriter json;
  json.begin_object().key("a\"b").value("x\n\x01\xff").key("n").begin_array().value(1).value(2.5).null().value(true);
  json.end_array().key("e").begin_object().end_object().end_object();
  EXPECT_EQ(json.str(), "{\"a\\\"b\":\"x\\n\\u0001\uFFFD\",\"n\":[1,2.5,null,true],\"e\":{}}");
}

TEST(JsonWriter, PrintsTheShortestExactNumber) {
  std::string out;
  append_json_array(out, std::vector<float>{0.1f, -3.0f, 1e-20f, NAN, std::numeric_limits<float>::infinity()});
  EXPECT_EQ(out, "[0.1,-3,1e-20,null,null]");
}

}  // namespace
}  // namespace fletcher
