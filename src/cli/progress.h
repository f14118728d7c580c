// A progress bar with rate and remaining time on stderr.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace fletcher::cli {

/// What update() counts.
enum class ProgressUnit : uint8_t { bytes, texts };

/// Draws at most ten times a second on a terminal, writes a line a second elsewhere. Not thread-safe.
class ProgressBar {
 public:
  ProgressBar(std::string label, bool enabled, ProgressUnit unit);
  ~ProgressBar() { finish(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// `done` of `total` (0: unknown). `texts`: what else is counted, shown with its rate if the unit is texts; then
  /// `done` and `total` only measure how far the job is.
  void update(uint64_t done, uint64_t total, uint64_t texts = 0);
  /// Draws the last state, once, if anything was drawn before, and ends the line.
  void finish();

 private:
  void draw(std::chrono::steady_clock::time_point now);

  std::string label_;
  bool enabled_;
  ProgressUnit unit_;
  bool terminal_;
  bool drawn_ = false;
  uint64_t done_ = 0;
  uint64_t total_ = 0;
  uint64_t texts_ = 0;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point next_draw_;
};

}  // namespace fletcher::cli
