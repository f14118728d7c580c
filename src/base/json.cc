#include "base/json.h"

#include <simdjson.h>

#include <cmath>

#include "base/file.h"
#include "base/json_writer.h"

namespace fletcher {
namespace {

const Json kNull;

Json convert(const simdjson::dom::element& element) {
  using simdjson::dom::element_type;
  switch (element.type()) {
    case element_type::BOOL:
      return Json(bool(element.get_bool().value_unsafe()));
    case element_type::INT64:
      return Json(static_cast<double>(element.get_int64().value_unsafe()));
    case element_type::UINT64:
      return Json(static_cast<double>(element.get_uint64().value_unsafe()));
    case element_type::DOUBLE:
      return Json(element.get_double().value_unsafe());
    case element_type::STRING:
      return Json(std::string(element.get_string().value_unsafe()));
    case element_type::ARRAY: {
      Json::Array array;
      const simdjson::dom::array children = element.get_array().value_unsafe();
      for (const auto child : children) array.push_back(convert(child));
      return Json(std::move(array));
    }
    case element_type::OBJECT: {
      Json::Object object;
      const simdjson::dom::object members = element.get_object().value_unsafe();
      for (const auto [key, child] : members) {
        object.emplace_back(std::string(key), convert(child));
      }
      return Json(std::move(object));
    }
    default:
      return Json();
  }
}

void append(std::string& out, const Json& json) {
  if (const auto* flag = json.as_bool()) {
    out += *flag ? "true" : "false";
  } else if (const auto* number = json.as_number()) {
    append_json_number(out, *number);
  } else if (const auto* text = json.as_string()) {
    append_json_string(out, *text);
  } else if (json.as_array() != nullptr) {
    out += "an array";
  } else if (json.as_object() != nullptr) {
    out += "an object";
  } else {
    out += "null";
  }
}

std::string quoted(std::string_view key) {
  std::string out;
  append_json_string(out, key);
  return out;
}

}  // namespace

Result<Json> Json::parse(std::string_view text, std::string_view file) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const auto error = parser.parse(text.data(), text.size()).get(root);
  if (error != simdjson::SUCCESS) {
    return data_loss(std::string(file) + ": not well-formed JSON: " + simdjson::error_message(error));
  }
  return convert(root);
}

Result<Json> Json::load(const std::string& path) {
  FLETCHER_TRY_ASSIGN(const std::string text, read_file(path));
  return parse(text, path);
}

const Json* Json::find(std::string_view key) const {
  const auto* object = as_object();
  if (object == nullptr) return nullptr;
  for (auto member = object->rbegin(); member != object->rend(); ++member) {
    if (member->first == key) return &member->second;
  }
  return nullptr;
}

const Json& Json::operator[](std::string_view key) const {
  const Json* member = find(key);
  return member != nullptr ? *member : kNull;
}

std::string Json::describe() const {
  constexpr size_t kLongest = 60;
  std::string out;
  append(out, *this);
  if (out.size() > kLongest) out = out.substr(0, kLongest) + "…";
  return out;
}

tl::unexpected<Error> Json::mismatch(std::string_view key, std::string_view wanted) const {
  const Json* member = find(key);
  return invalid_argument(quoted(key) + ": " + (member == nullptr ? "missing" : member->describe()) + ", wanted " +
                          std::string(wanted));
}

Result<uint64_t> Json::required_uint(std::string_view key) const {
  constexpr double kLargestExact = 9007199254740992.0;  // 2^53
  const double* number = (*this)[key].as_number();
  if (number == nullptr || *number < 0 || *number > kLargestExact || *number != std::floor(*number)) {
    return mismatch(key, "a whole number");
  }
  return static_cast<uint64_t>(*number);
}

Result<uint64_t> Json::uint_or(std::string_view key, uint64_t fallback) const {
  if ((*this)[key].is_null()) return fallback;
  return required_uint(key);
}

Result<double> Json::number_or(std::string_view key, double fallback) const {
  const Json& member = (*this)[key];
  if (member.is_null()) return fallback;
  if (member.as_number() == nullptr) return mismatch(key, "a number");
  return *member.as_number();
}

Result<bool> Json::bool_or(std::string_view key, bool fallback) const {
  const Json& member = (*this)[key];
  if (member.is_null()) return fallback;
  if (member.as_bool() == nullptr) return mismatch(key, "true or false");
  return *member.as_bool();
}

Result<std::string> Json::required_string(std::string_view key) const {
  const std::string* text = (*this)[key].as_string();
  if (text == nullptr) return mismatch(key, "a string");
  return *text;
}

Result<std::string> Json::string_or(std::string_view key, std::string_view fallback) const {
  if ((*this)[key].is_null()) return std::string(fallback);
  return required_string(key);
}

}  // namespace fletcher
