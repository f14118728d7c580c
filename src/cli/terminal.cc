#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include "base/utf8.h"
#include "cli/output.h"

namespace fletcher::cli {
namespace {

struct CodePointRange {
  char32_t first;
  char32_t last;
};

// Blocks, not single characters: enough to line columns up. Source: Unicode's EastAsianWidth.txt and general
// categories.
constexpr std::array kWide = {
    CodePointRange{0x1100, 0x115F},   CodePointRange{0x2E80, 0x303E},   CodePointRange{0x3041, 0x33FF},
    CodePointRange{0x3400, 0x4DBF},   CodePointRange{0x4E00, 0x9FFF},   CodePointRange{0xA000, 0xA4CF},
    CodePointRange{0xAC00, 0xD7A3},   CodePointRange{0xF900, 0xFAFF},   CodePointRange{0xFE30, 0xFE6F},
    CodePointRange{0xFF00, 0xFF60},   CodePointRange{0xFFE0, 0xFFE6},   CodePointRange{0x1F300, 0x1F64F},
    CodePointRange{0x1F680, 0x1F6FF}, CodePointRange{0x1F900, 0x1F9FF}, CodePointRange{0x20000, 0x3FFFD}};
constexpr std::array kZeroWidth = {
    CodePointRange{0x0300, 0x036F}, CodePointRange{0x0483, 0x0489}, CodePointRange{0x0591, 0x05BD},
    CodePointRange{0x0610, 0x061A}, CodePointRange{0x064B, 0x065F}, CodePointRange{0x093C, 0x093C},
    CodePointRange{0x094D, 0x094D}, CodePointRange{0x1AB0, 0x1AFF}, CodePointRange{0x1DC0, 0x1DFF},
    CodePointRange{0x200B, 0x200F}, CodePointRange{0x202A, 0x202E}, CodePointRange{0x2060, 0x2064},
    CodePointRange{0x2066, 0x206F}, CodePointRange{0x20D0, 0x20FF}, CodePointRange{0xFE00, 0xFE0F},
    CodePointRange{0xFE20, 0xFE2F}, CodePointRange{0xFEFF, 0xFEFF}};

template <size_t N>
bool in_any(const std::array<CodePointRange, N>& ranges, char32_t cp) {
  return std::ranges::any_of(ranges, [cp](const CodePointRange& r) { return r.first <= cp && cp <= r.last; });
}

size_t width_of(char32_t cp) { return in_any(kZeroWidth, cp) ? 0 : in_any(kWide, cp) ? 2 : 1; }

bool is_control(char32_t cp) { return cp < 0x20 || (cp >= 0x7F && cp < 0xA0); }

}  // namespace

std::string with_thousands(uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string human_bytes(uint64_t bytes) {
  constexpr std::array kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fixed(value, unit == 0 ? 0 : 1) + " " + kUnits[unit];
}

std::string human_seconds(double seconds) {
  const auto total = static_cast<uint64_t>(std::max(0.0, seconds) + 0.5);
  const auto two_digits = [](uint64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  const std::string minutes_seconds = ":" + two_digits(total % 60);
  if (total < 3600) return std::to_string(total / 60) + minutes_seconds;
  return std::to_string(total / 3600) + ":" + two_digits(total / 60 % 60) + minutes_seconds;
}

std::string fixed(double number, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, number);
  return text;
}

size_t display_width(std::string_view text) {
  size_t width = 0;
  for (size_t at = 0; at < text.size();) {
    const Utf8Decoded decoded = decode_utf8(text, at);
    width += width_of(decoded.code_point);
    at += decoded.length;
  }
  return width;
}

std::string fit_to_width(std::string_view text, size_t columns) {
  std::string line;
  size_t width = 0;
  size_t end_with_room = 0;  // bytes of `line` after which "…" still fits
  for (size_t at = 0; at < text.size();) {
    const Utf8Decoded decoded = decode_utf8(text, at);
    const char32_t cp = is_control(decoded.code_point) ? U' ' : decoded.code_point;
    if (width + width_of(cp) > columns) {
      line.resize(end_with_room);
      return columns == 0 ? "" : line + "…";
    }
    append_utf8(line, cp);
    width += width_of(cp);
    if (width < columns) end_with_room = line.size();
    at += decoded.length;
  }
  return line;
}

size_t terminal_width() {
  constexpr size_t kDefault = 80;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kDefault;
  return size.ws_col;
}

ColorSupport stdout_colors() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string_view(value == nullptr ? "" : value);
  };
  if (!stdout_is_terminal() || !variable("NO_COLOR").empty() || variable("TERM") == "dumb") return ColorSupport::none;
  const std::string_view depth = variable("COLORTERM");
  return depth == "truecolor" || depth == "24bit" ? ColorSupport::rgb : ColorSupport::palette;
}

std::string Table::str() const {
  std::vector<size_t> widths(columns_.size(), 0);
  for (const auto& row : rows_) {
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], display_width(row[c]));
  }
  std::string out;
  for (const auto& row : rows_) {
    std::string line;
    for (size_t c = 0; c < row.size(); ++c) {
      const std::string padding(widths[c] - display_width(row[c]), ' ');
      line += (c > 0 ? "  " : "") + (columns_[c] == Align::right ? padding + row[c] : row[c] + padding);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

}  // namespace fletcher::cli
