// A lock between processes: whoever holds the file's flock may write what it guards.
#pragma once

#include <stop_token>
#include <string>

#include "base/result.h"

namespace fletcher::hub {

/// An exclusive lock, released by the destructor or the end of the process. The file stays: removing it would race.
class LockFile {
 public:
  /// Waits until the lock is free. CANCELLED; UNAVAILABLE or PERMISSION_DENIED naming the path.
  static Result<LockFile> acquire(const std::string& path, const std::stop_token& stop);
  LockFile(LockFile&& other) noexcept;
  LockFile& operator=(LockFile&&) = delete;
  ~LockFile();

 private:
  explicit LockFile(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace fletcher::hub
