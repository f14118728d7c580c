#include "bulk/jsonl.h"

#include <simdjson.h>

#include <utility>

namespace fletcher {
namespace {

const char* kind_of(simdjson::dom::element element) {
  using simdjson::dom::element_type;
  switch (element.type()) {
    case element_type::ARRAY:
      return "an array";
    case element_type::OBJECT:
      return "an object";
    case element_type::STRING:
      return "a string";
    case element_type::BOOL:
      return "true or false";
    case element_type::NULL_VALUE:
      return "null";
    default:
      return "a number";
  }
}

}  // namespace

struct JsonlParser::State {
  simdjson::dom::parser parser;
};

JsonlParser::JsonlParser(std::string column) : column_(std::move(column)), state_(std::make_unique<State>()) {}
JsonlParser::~JsonlParser() = default;

Result<void> JsonlParser::parse(const std::string& line, std::string& text) {
  if (line.find_first_not_of(" \t") == std::string::npos) {
    return data_loss("empty, wanted a JSON string or an object with \"" + column_ + "\"");
  }
  simdjson::dom::element root, value;
  if (const auto error = state_->parser.parse(line).get(root); error != simdjson::SUCCESS) {
    return data_loss(std::string("not well-formed JSON: ") + simdjson::error_message(error));
  }
  std::string_view seen;
  if (root.get(seen) == simdjson::SUCCESS) {
    text = seen;
    return {};
  }
  simdjson::dom::object object;
  if (root.get(object) != simdjson::SUCCESS) {
    return invalid_argument(std::string(kind_of(root)) + ", wanted a JSON string or an object with \"" + column_ +
                            "\"");
  }
  if (object[column_].get(value) != simdjson::SUCCESS) return invalid_argument("no field \"" + column_ + "\"");
  if (value.get(seen) != simdjson::SUCCESS) {
    return invalid_argument("field \"" + column_ + "\" is " + kind_of(value) + ", wanted a string");
  }
  text = seen;
  return {};
}

}  // namespace fletcher
