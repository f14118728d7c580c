// What people read: numbers with units, columns that line up, the width and colours of a terminal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fletcher::cli {

/// "1,234,567".
std::string with_thousands(uint64_t number);
/// "12.3 MiB".
std::string human_bytes(uint64_t bytes);
/// "0:42", "1:02:03".
std::string human_seconds(double seconds);
/// A number with so many digits after the point.
std::string fixed(double number, int digits);

/// Columns that a terminal uses for a text: two for East Asian wide characters and emoji, none for combining marks.
size_t display_width(std::string_view text);
/// `text` on one line in at most `columns`: control characters become blanks, what is too long ends in "…".
std::string fit_to_width(std::string_view text, size_t columns);

/// Columns of the terminal on standard output; 80 if there is none.
size_t terminal_width();

enum class ColorSupport : uint8_t { none, palette, rgb };
/// Colours that standard output takes: none unless it is a terminal and NO_COLOR is unset.
ColorSupport stdout_colors();

/// Rows of cells, printed with aligned columns two blanks apart.
class Table {
 public:
  enum class Align : uint8_t { left, right };
  explicit Table(std::vector<Align> columns) : columns_(std::move(columns)) {}

  /// As many cells as there are columns.
  void add_row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  std::string str() const;

 private:
  std::vector<Align> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace fletcher::cli
