// A matrix of similarities as a picture: for the terminal and as SVG.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/terminal.h"

namespace fletcher::cli {

/// values [labels, labels], row by row, each from -1 to 1.
struct SimilarityMatrix {
  std::vector<std::string> labels;
  std::vector<float> values;

  size_t size() const { return labels.size(); }
  float at(size_t row, size_t column) const { return values[row * labels.size() + column]; }
};

struct Rgb {
  uint8_t red, green, blue;

  friend bool operator==(const Rgb&, const Rgb&) = default;
};

/// The colour of a similarity: dark blue for 0 and below, over green, to yellow for 1.
Rgb similarity_color(float value);

/// The matrix with numbered labels. Coloured blocks, with numbers in them where `columns` allows; without colours
/// numbers, or shades of grey where those are too wide. `columns` 0: no limit.
std::string draw_heat_map(const SimilarityMatrix& matrix, ColorSupport colors, size_t columns);

/// The same as a self-contained SVG image.
std::string svg_heat_map(const SimilarityMatrix& matrix);

}  // namespace fletcher::cli
