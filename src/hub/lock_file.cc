#include "hub/lock_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

namespace fletcher::hub {

Result<LockFile> LockFile::acquire(const std::string& path, const std::stop_token& stop) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (fd < 0) {
    const int error = errno;
    return make_error(error == EACCES || error == EROFS ? Code::permission_denied : Code::unavailable,
                      path + ": cannot create: " + std::strerror(error));
  }
  LockFile lock(fd);
  // Polled, because a blocking flock can be ended neither by a stop_token nor by a deadline.
  constexpr std::chrono::milliseconds kPoll{100};
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      return unavailable(path + ": cannot lock: " + std::strerror(errno) + "; FLETCHER_CACHE can name another folder");
    }
    if (stop.stop_requested()) return cancelled("the download was cancelled");
    std::this_thread::sleep_for(kPoll);
  }
  return lock;
}

LockFile::LockFile(LockFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

LockFile::~LockFile() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace fletcher::hub
