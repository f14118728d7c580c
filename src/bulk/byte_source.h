// A file or standard input, read forwards through one buffer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fletcher {

/// Not thread-safe. Memory is the buffer and the longest line asked for.
class ByteSource {
 public:
  /// "-" is standard input. NOT_FOUND, INVALID_ARGUMENT (a directory), PERMISSION_DENIED, UNAVAILABLE.
  static Result<std::unique_ptr<ByteSource>> open(const std::string& path);
  ~ByteSource();
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  /// The next byte, or -1 at the end; an error ends the source, see status().
  int next() {
    if (at_ == filled_ && !fill()) return -1;
    return static_cast<unsigned char>(buffer_[at_++]);
  }
  /// The next byte without taking it, or -1.
  int peek() {
    if (at_ == filled_ && !fill()) return -1;
    return static_cast<unsigned char>(buffer_[at_]);
  }
  /// Appends the rest of the line to `out` without its end (LF or CRLF). False if nothing was left. RESOURCE_EXHAUSTED
  /// for a line of more than `max_bytes`.
  Result<bool> read_line(std::string& out, size_t max_bytes);
  /// Passes over a UTF-8 byte order mark. Only before anything else is read.
  void skip_byte_order_mark();
  /// The read error that ended the source, if one did.
  Result<void> status() const { return status_; }

  uint64_t bytes_read() const { return total_read_ - (filled_ - at_); }
  /// The size of a regular file, else 0.
  uint64_t total_bytes() const { return total_bytes_; }

 private:
  ByteSource(std::string path, int fd, uint64_t total_bytes);
  bool fill();

  std::string path_;
  int fd_;
  uint64_t total_bytes_;
  uint64_t total_read_ = 0;
  std::unique_ptr<char[]> buffer_;
  size_t at_ = 0;
  size_t filled_ = 0;
  Result<void> status_;
};

}  // namespace fletcher
