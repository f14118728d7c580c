// A small writer of JSON: appends to a string, escapes, prints numbers in their shortest exact form.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fletcher {

/// Appends `text` to `out` as a quoted JSON string. Invalid UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);
/// Appends the shortest decimal that reads back as the same value; a value that is not finite becomes null.
void append_json_number(std::string& out, float value);
void append_json_number(std::string& out, double value);
/// Appends `[v0,v1,…]`.
void append_json_array(std::string& out, std::span<const float> values);
void append_json_array(std::string& out, std::span<const int32_t> values);

/// Builds nested objects and arrays; the caller keeps keys and values in order. Not thread-safe.
///   JsonWriter json; json.begin_object().key("ids").value(ids).end_object(); out = json.str();
class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name);
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
  JsonWriter& value(double number);
  JsonWriter& value(float number);
  JsonWriter& value(std::span<const float> numbers);
  template <std::same_as<bool> B>
  JsonWriter& value(B flag) {
    return raw(flag ? "true" : "false");
  }
  template <std::integral I>
    requires(!std::same_as<I, bool>)
  JsonWriter& value(I number) {
    return raw(std::to_string(number));
  }
  JsonWriter& null() { return raw("null"); }
  const std::string& str() const { return out_; }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  JsonWriter& raw(std::string_view token);
  void separate();

  std::string out_;
  bool needs_comma_ = false;
};

}  // namespace fletcher
