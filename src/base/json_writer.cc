#include "base/json_writer.h"

#include <charconv>
#include <cmath>

#include "base/utf8.h"

namespace fletcher {
namespace {

template <typename T>
void append_number(std::string& out, T value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

template <typename T, typename Append>
void append_array(std::string& out, std::span<const T> values, Append append) {
  out += '[';
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ',';
    append(out, values[i]);
  }
  out += ']';
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  size_t i = 0;
  while (i < text.size()) {
    const unsigned char c = text[i];
    if (c < 0x80) {
      ++i;
      switch (c) {
        case '"':
          out += "\\\"";
          break;
        case '\\':
          out += "\\\\";
          break;
        case '\n':
          out += "\\n";
          break;
        case '\r':
          out += "\\r";
          break;
        case '\t':
          out += "\\t";
          break;
        default:
          if (c < 0x20 || c == 0x7f) {
            out += "\\u00";
            out += kHex[c >> 4];
            out += kHex[c & 15];
          } else {
            out += static_cast<char>(c);
          }
      }
      continue;
    }
    const Utf8Decoded d = decode_utf8(text, i);
    if (d.valid) {
      out.append(text.substr(i, d.length));
    } else {
      out += "\xEF\xBF\xBD";
    }
    i += d.length;
  }
  out += '"';
}

void append_json_number(std::string& out, float value) { append_number(out, value); }
void append_json_number(std::string& out, double value) { append_number(out, value); }

void append_json_array(std::string& out, std::span<const float> values) {
  append_array(out, values, append_number<float>);
}
void append_json_array(std::string& out, std::span<const int32_t> values) {
  append_array(out, values, [](std::string& o, int32_t v) { o += std::to_string(v); });
}

void JsonWriter::separate() {
  if (needs_comma_) out_ += ',';
}
JsonWriter& JsonWriter::open(char bracket) {
  separate();
  out_ += bracket;
  needs_comma_ = false;
  return *this;
}
JsonWriter& JsonWriter::close(char bracket) {
  out_ += bracket;
  needs_comma_ = true;
  return *this;
}
JsonWriter& JsonWriter::raw(std::string_view token) {
  separate();
  out_ += token;
  needs_comma_ = true;
  return *this;
}
JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  append_json_string(out_, name);
  out_ += ':';
  needs_comma_ = false;
  return *this;
}
JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  append_json_string(out_, text);
  needs_comma_ = true;
  return *this;
}
JsonWriter& JsonWriter::value(double number) {
  separate();
  append_json_number(out_, number);
  needs_comma_ = true;
  return *this;
}
JsonWriter& JsonWriter::value(float number) {
  separate();
  append_json_number(out_, number);
  needs_comma_ = true;
  return *this;
}
JsonWriter& JsonWriter::value(std::span<const float> numbers) {
  separate();
  append_json_array(out_, numbers);
  needs_comma_ = true;
  return *this;
}

}  // namespace fletcher
