#include "cli/progress.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "cli/output.h"
#include "cli/terminal.h"

namespace fletcher::cli {
namespace {

constexpr size_t kBarCells = 24;
constexpr auto kTerminalInterval = std::chrono::milliseconds(100);
constexpr auto kLineInterval = std::chrono::seconds(1);

std::string bar_of(double share) {
  const auto filled = static_cast<size_t>(std::clamp(share, 0.0, 1.0) * kBarCells);
  return "[" + std::string(filled, '#') + std::string(kBarCells - filled, '.') + "]";
}

void write_stderr(const std::string& text) {
  // Progress is decoration: if stderr does not take it, the job goes on.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

ProgressBar::ProgressBar(std::string label, bool enabled, ProgressUnit unit)
    : label_(std::move(label)),
      enabled_(enabled),
      unit_(unit),
      terminal_(stderr_is_terminal()),
      start_(std::chrono::steady_clock::now()),
      next_draw_(start_ + (terminal_ ? std::chrono::milliseconds(kTerminalInterval) : kLineInterval)) {}

void ProgressBar::update(uint64_t done, uint64_t total, uint64_t texts) {
  done_ = done;
  total_ = total;
  texts_ = texts;
  if (!enabled_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now >= next_draw_) draw(now);
}

void ProgressBar::finish() {
  if (drawn_) {
    draw(std::chrono::steady_clock::now());
    if (terminal_) write_stderr("\n");
  }
  drawn_ = false;
  enabled_ = false;
}

void ProgressBar::draw(std::chrono::steady_clock::time_point now) {
  const double seconds = std::max(1e-3, std::chrono::duration<double>(now - start_).count());
  std::string line = label_;
  if (unit_ == ProgressUnit::texts) line += "  " + with_thousands(texts_) + " texts";
  const double share = total_ == 0 ? 0 : static_cast<double>(done_) / static_cast<double>(total_);
  if (total_ > 0) line += "  " + bar_of(share) + " " + std::to_string(static_cast<int>(share * 100)) + "%";
  if (unit_ == ProgressUnit::texts) {
    line += "  " + with_thousands(static_cast<uint64_t>(static_cast<double>(texts_) / seconds)) + " texts/s";
  } else {
    line += "  " + human_bytes(done_) + "  " +
            human_bytes(static_cast<uint64_t>(static_cast<double>(done_) / seconds)) + "/s";
  }
  if (share > 0 && share < 1) line += "  ETA " + human_seconds(seconds / share * (1 - share));
  write_stderr(terminal_ ? "\r" + line + "\x1b[K" : line + "\n");
  drawn_ = true;
  next_draw_ = now + (terminal_ ? std::chrono::milliseconds(kTerminalInterval) : kLineInterval);
}

}  // namespace fletcher::cli
