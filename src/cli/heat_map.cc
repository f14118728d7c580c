#include "cli/heat_map.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/utf8.h"

namespace fletcher::cli {
namespace {

constexpr std::array kStops = {Rgb{24, 32, 84}, Rgb{36, 84, 148}, Rgb{34, 144, 140}, Rgb{104, 194, 92},
                               Rgb{252, 228, 96}};
constexpr size_t kNumberCell = 6;  // " 0.83 "
constexpr size_t kBlockCell = 2;
constexpr size_t kLabelColumns = 60;

bool is_light(Rgb c) { return 0.299 * c.red + 0.587 * c.green + 0.114 * c.blue > 140; }

/// The nearest entry of the 6×6×6 cube of the 256-colour palette.
int palette_index(Rgb c) {
  const auto level = [](uint8_t v) { return v < 48 ? 0 : v < 115 ? 1 : (v - 35) / 40; };
  return 16 + 36 * level(c.red) + 6 * level(c.green) + level(c.blue);
}

std::string paint(const std::string& text, Rgb background, ColorSupport colors) {
  const std::string ink = is_light(background) ? "30" : "97";
  const std::string paper = colors == ColorSupport::rgb
                                ? "48;2;" + std::to_string(background.red) + ";" + std::to_string(background.green) +
                                      ";" + std::to_string(background.blue)
                                : "48;5;" + std::to_string(palette_index(background));
  return "\x1b[" + ink + ";" + paper + "m" + text + "\x1b[0m";
}

std::string right_aligned(std::string text, size_t columns) {
  return std::string(text.size() < columns ? columns - text.size() : 0, ' ') + text;
}

/// Two columns wide: the darker, the more alike.
std::string shade(float value) {
  constexpr std::array kShades = {"  ", "░░", "▒▒", "▓▓", "██"};
  const float clamped = std::isnan(value) ? 0 : std::clamp(value, 0.0f, 1.0f);
  return kShades[std::min<size_t>(static_cast<size_t>(clamped * kShades.size()), kShades.size() - 1)];
}

std::string escape_xml(std::string_view text) {
  std::string out;
  for (const char c : fit_to_width(to_valid_utf8(text), kLabelColumns)) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out += c;
    }
  }
  return out;
}

std::string css_color(Rgb c) {
  return "rgb(" + std::to_string(c.red) + "," + std::to_string(c.green) + "," + std::to_string(c.blue) + ")";
}

}  // namespace

Rgb similarity_color(float value) {
  const float clamped = std::isnan(value) ? 0 : std::clamp(value, 0.0f, 1.0f);
  const float position = clamped * (kStops.size() - 1);
  const size_t below = std::min<size_t>(static_cast<size_t>(position), kStops.size() - 2);
  const float share = position - static_cast<float>(below);
  const auto mix = [share](uint8_t a, uint8_t b) {
    return static_cast<uint8_t>(std::lround(static_cast<float>(a) + share * (static_cast<float>(b) - a)));
  };
  const Rgb low = kStops[below], high = kStops[below + 1];
  return {mix(low.red, high.red), mix(low.green, high.green), mix(low.blue, high.blue)};
}

std::string draw_heat_map(const SimilarityMatrix& matrix, ColorSupport colors, size_t columns) {
  const size_t n = matrix.size();
  const size_t margin = std::to_string(n).size() + 1;
  const bool numbers = columns == 0 || margin + n * kNumberCell <= columns;
  const size_t cell = numbers ? kNumberCell : std::max(kBlockCell, std::to_string(n).size());
  std::string out;
  for (size_t i = 0; i < n; ++i) {
    const size_t room = columns == 0 ? kLabelColumns : std::max<size_t>(columns, margin + 10) - margin - 1;
    out += right_aligned(std::to_string(i + 1), margin - 1) + "  " + fit_to_width(matrix.labels[i], room) + "\n";
  }
  out += "\n" + std::string(margin, ' ');
  for (size_t j = 0; j < n; ++j) out += right_aligned(std::to_string(j + 1), cell);
  out += "\n";
  for (size_t i = 0; i < n; ++i) {
    out += right_aligned(std::to_string(i + 1), margin - 1) + " ";
    for (size_t j = 0; j < n; ++j) {
      const float value = matrix.at(i, j);
      const std::string blank = std::string(cell - kBlockCell, ' ');
      const std::string text = numbers ? right_aligned(fixed(value, 2), cell) : blank + shade(value);
      if (colors == ColorSupport::none) {
        out += text;
      } else {
        out += paint(numbers ? right_aligned(fixed(value, 2) + " ", cell) : std::string(cell, ' '),
                     similarity_color(value), colors);
      }
    }
    out += "\n";
  }
  return out;
}

std::string svg_heat_map(const SimilarityMatrix& matrix) {
  constexpr size_t kCell = 44, kMargin = 36, kLine = 20, kLegendWidth = 560;
  const size_t n = matrix.size();
  const size_t grid = n * kCell;
  const size_t width = std::max(2 * kMargin + grid, kLegendWidth);
  const size_t height = 2 * kMargin + grid + n * kLine;
  const auto number = [](size_t v) { return std::to_string(v); };
  std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + number(width) + "\" height=\"" +
                    number(height) + "\" viewBox=\"0 0 " + number(width) + " " + number(height) +
                    "\" font-family=\"sans-serif\" font-size=\"12\">\n<title>Cosine similarity</title>\n"
                    "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
  const auto text = [&](size_t x, size_t y, const char* anchor, const char* ink, const std::string& content) {
    out += "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" text-anchor=\"" + anchor + "\" fill=\"" + ink +
           "\">" + content + "</text>\n";
  };
  for (size_t i = 0; i < n; ++i) {
    const size_t middle = kMargin + i * kCell + kCell / 2;
    text(middle, kMargin - 8, "middle", "black", number(i + 1));
    text(kMargin - 8, middle + 4, "end", "black", number(i + 1));
    for (size_t j = 0; j < n; ++j) {
      const Rgb color = similarity_color(matrix.at(i, j));
      out += "<rect x=\"" + number(kMargin + j * kCell) + "\" y=\"" + number(kMargin + i * kCell) + "\" width=\"" +
             number(kCell) + "\" height=\"" + number(kCell) + "\" fill=\"" + css_color(color) + "\"/>\n";
      text(kMargin + j * kCell + kCell / 2, middle + 4, "middle", is_light(color) ? "black" : "white",
           fixed(matrix.at(i, j), 2));
    }
    text(kMargin, 2 * kMargin + grid + i * kLine, "start", "black",
         number(i + 1) + "  " + escape_xml(matrix.labels[i]));
  }
  return out + "</svg>\n";
}

}  // namespace fletcher::cli
