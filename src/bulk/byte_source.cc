#include "bulk/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace fletcher {
namespace {

constexpr size_t kBufferBytes = 1 << 18;

}  // namespace

ByteSource::ByteSource(std::string path, int fd, uint64_t total_bytes)
    : path_(std::move(path)), fd_(fd), total_bytes_(total_bytes), buffer_(std::make_unique<char[]>(kBufferBytes)) {}

ByteSource::~ByteSource() {
  if (fd_ != STDIN_FILENO) ::close(fd_);
}

Result<std::unique_ptr<ByteSource>> ByteSource::open(const std::string& path) {
  const bool standard_input = path == "-";
  const int fd = standard_input ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    const int error = errno;
    const Code code = error == ENOENT || error == ENOTDIR ? Code::not_found
                      : error == EACCES                   ? Code::permission_denied
                                                          : Code::unavailable;
    return make_error(code, path + ": cannot open: " + std::strerror(error));
  }
  struct stat status{};
  const bool known = ::fstat(fd, &status) == 0;
  if (known && S_ISDIR(status.st_mode)) {
    if (!standard_input) ::close(fd);
    return invalid_argument(path + ": is a directory, wanted a file");
  }
  const uint64_t size = known && S_ISREG(status.st_mode) ? static_cast<uint64_t>(status.st_size) : 0;
  return std::unique_ptr<ByteSource>(new ByteSource(standard_input ? "standard input" : path, fd, size));
}

bool ByteSource::fill() {
  if (!status_) return false;
  ssize_t n;
  do {
    n = ::read(fd_, buffer_.get(), kBufferBytes);
  } while (n < 0 && errno == EINTR);
  if (n < 0) status_ = unavailable(path_ + ": cannot read: " + std::strerror(errno));
  if (n <= 0) return false;
  at_ = 0;
  filled_ = static_cast<size_t>(n);
  total_read_ += filled_;
  return true;
}

void ByteSource::skip_byte_order_mark() {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  // A pipe may hand over its first bytes one by one; fill() replaces the buffer, so they are gathered here.
  while (filled_ < kByteOrderMark.size()) {
    const ssize_t n = ::read(fd_, buffer_.get() + filled_, kBufferBytes - filled_);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) status_ = unavailable(path_ + ": cannot read: " + std::strerror(errno));
    if (n <= 0) break;
    filled_ += static_cast<size_t>(n);
    total_read_ += static_cast<size_t>(n);
  }
  if (std::string_view(buffer_.get(), filled_).starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
}

Result<bool> ByteSource::read_line(std::string& out, size_t max_bytes) {
  bool any = false;
  while (at_ < filled_ || fill()) {
    any = true;
    const char* begin = buffer_.get() + at_;
    const auto* end = static_cast<const char*>(std::memchr(begin, '\n', filled_ - at_));
    const size_t length = end != nullptr ? static_cast<size_t>(end - begin) : filled_ - at_;
    if (out.size() + length > max_bytes) {
      return resource_exhausted("a line of more than " + std::to_string(max_bytes) + " bytes");
    }
    out.append(begin, length);
    at_ += length + (end != nullptr ? 1 : 0);
    if (end != nullptr) break;
  }
  FLETCHER_TRY(status());
  if (out.ends_with('\r')) out.pop_back();
  return any;
}

}  // namespace fletcher
