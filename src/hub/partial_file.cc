#include "hub/partial_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace fletcher::hub {
namespace {

tl::unexpected<Error> system_error(const std::string& path, const char* action, int error) {
  Code code = Code::unavailable;
  if (error == EACCES || error == EPERM || error == EROFS) code = Code::permission_denied;
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) code = Code::resource_exhausted;
  return make_error(code, path + ": cannot " + action + ": " + std::strerror(error));
}

}  // namespace

Result<PartialFile> PartialFile::open(const std::string& path) {
  FLETCHER_TRY(make_folders(std::filesystem::path(path).parent_path().string()));
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (fd < 0) return system_error(path, "create", errno);
  struct stat status{};
  if (::fstat(fd, &status) != 0) {
    const int error = errno;
    ::close(fd);
    return system_error(path, "read", error);
  }
  return PartialFile(path, fd, static_cast<uint64_t>(status.st_size));
}

PartialFile::PartialFile(PartialFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), size_(other.size_) {}

PartialFile::~PartialFile() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> PartialFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error(path_, "write", errno);
    bytes.remove_prefix(static_cast<size_t>(n));
    size_ += static_cast<uint64_t>(n);
  }
  return {};
}

Result<void> PartialFile::clear() {
  if (::ftruncate(fd_, 0) != 0) return system_error(path_, "truncate", errno);
  size_ = 0;
  return {};
}

Result<void> PartialFile::commit(const std::string& final_path) {
  if (::fsync(fd_) != 0 && errno != EINVAL) return system_error(path_, "sync", errno);
  if (::rename(path_.c_str(), final_path.c_str()) != 0) return system_error(final_path, "rename to", errno);
  return {};
}

Result<void> make_folders(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return system_error(path, "create", error.value());
  return {};
}

void sync_folder(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

}  // namespace fletcher::hub
