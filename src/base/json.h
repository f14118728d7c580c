// A small read-only JSON tree for configuration files, with errors that name the field.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace fletcher {

/// One JSON value. Objects keep the order of the file; of duplicate keys the last wins, as in Python. Immutable.
class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::vector<std::pair<std::string, Json>>;

  Json() = default;
  /// DATA_LOSS naming `file` if the text is not one well-formed JSON value.
  static Result<Json> parse(std::string_view text, std::string_view file);
  /// Reads and parses a file; errors as read_file and parse.
  static Result<Json> load(const std::string& path);

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  const bool* as_bool() const { return std::get_if<bool>(&value_); }
  const double* as_number() const { return std::get_if<double>(&value_); }
  const std::string* as_string() const { return std::get_if<std::string>(&value_); }
  const Array* as_array() const { return std::get_if<Array>(&value_); }
  const Object* as_object() const { return std::get_if<Object>(&value_); }

  /// The member of an object; null (the JSON value) if this is no object or has no such member.
  const Json& operator[](std::string_view key) const;
  bool contains(std::string_view key) const { return find(key) != nullptr; }

  /// Typed members of an object. INVALID_ARGUMENT naming the field, what was seen and what was wanted. A member that is
  /// absent or null is an error for the required forms and `fallback` for the others.
  Result<uint64_t> required_uint(std::string_view key) const;
  Result<uint64_t> uint_or(std::string_view key, uint64_t fallback) const;
  Result<double> number_or(std::string_view key, double fallback) const;
  Result<bool> bool_or(std::string_view key, bool fallback) const;
  Result<std::string> required_string(std::string_view key) const;
  Result<std::string> string_or(std::string_view key, std::string_view fallback) const;

  /// The value as a short piece of JSON, for messages; cut after 60 bytes.
  std::string describe() const;

  explicit Json(std::variant<std::monostate, bool, double, std::string, Array, Object> value)
      : value_(std::move(value)) {}

 private:
  const Json* find(std::string_view key) const;
  tl::unexpected<Error> mismatch(std::string_view key, std::string_view wanted) const;

  std::variant<std::monostate, bool, double, std::string, Array, Object> value_;
};

}  // namespace fletcher
