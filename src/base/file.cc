#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>

namespace fletcher {
namespace {

constexpr size_t kWriteBufferBytes = 1 << 20;

tl::unexpected<Error> system_error(const std::string& path, const char* action, int error) {
  Code code = Code::unavailable;
  if (error == ENOENT || error == ENOTDIR) code = Code::not_found;
  if (error == EACCES || error == EPERM || error == EROFS) code = Code::permission_denied;
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) code = Code::resource_exhausted;
  if (error == EISDIR) code = Code::invalid_argument;
  return make_error(code, path + ": cannot " + action + ": " + std::strerror(error));
}

/// Opens a regular file for reading and tells its size.
Result<int> open_regular(const std::string& path, size_t* size) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return system_error(path, "open", errno);
  struct stat status{};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(fd);
    return invalid_argument(path + ": " + (S_ISDIR(status.st_mode) ? "is a directory" : "is not a regular file") +
                            ", wanted a file");
  }
  *size = static_cast<size_t>(status.st_size);
  return fd;
}

/// The names that a signal handler must remove: slots of raw pointers, because a handler may not lock or allocate.
std::array<std::atomic<const char*>, 64> g_temporary_names{};  // process-wide by nature, as signals are

void remember_temporary(const char* name) {
  for (auto& slot : g_temporary_names) {
    const char* empty = nullptr;
    if (slot.compare_exchange_strong(empty, name)) return;
  }
}
void forget_temporary(const char* name) {
  for (auto& slot : g_temporary_names) {
    const char* expected = name;
    if (slot.compare_exchange_strong(expected, nullptr)) return;
  }
}

/// A name beside `path` that hardly any other file has: of this process, moment and call.
std::string temporary_name(const std::string& path) {
  static std::atomic<unsigned> calls{0};
  struct timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  // Short, because a name may have 255 bytes with it.
  const auto mixed =
      static_cast<uint64_t>(now.tv_nsec) * 2654435761u + static_cast<uint64_t>(::getpid()) * 97 + calls.fetch_add(1);
  std::array<char, 8> text;
  for (size_t i = 0; i < text.size(); ++i) text[i] = "0123456789abcdefghijklmnopqrstuv"[mixed >> (5 * i) & 31];
  return path + ".t-" + std::string(text.data(), text.size());
}

}  // namespace

Result<std::unique_ptr<MappedFile>> MappedFile::open(const std::string& path) {
  size_t size = 0;
  FLETCHER_TRY_ASSIGN(const int fd, open_regular(path, &size));
  void* data = nullptr;
  if (size > 0) data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  const int error = errno;
  ::close(fd);
  if (data == MAP_FAILED) return system_error(path, "map", error);
  return std::unique_ptr<MappedFile>(new MappedFile(path, static_cast<std::byte*>(data), size));
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

void MappedFile::release(std::span<const std::byte> bytes) const {
  // Only pages that lie wholly inside: the edges may be shared with a neighbour still in use.
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<uintptr_t>(bytes.data()) + page - 1) / page * page;
  const auto end = reinterpret_cast<uintptr_t>(bytes.data() + bytes.size()) / page * page;
  if (end > begin) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

Result<std::string> read_file(const std::string& path, size_t max_bytes) {
  size_t size = 0;
  FLETCHER_TRY_ASSIGN(const int fd, open_regular(path, &size));
  std::string content;
  if (size > max_bytes) {
    ::close(fd);
    return resource_exhausted(path + ": " + std::to_string(size) + " bytes, wanted at most " +
                              std::to_string(max_bytes));
  }
  content.resize(size);
  size_t done = 0;
  while (done < size) {
    const ssize_t n = ::read(fd, content.data() + done, size - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int error = errno;
      ::close(fd);
      return system_error(path, "read", error);
    }
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  ::close(fd);
  content.resize(done);
  return content;
}

/// The name is remembered before the file exists, so that a signal in between leaves nothing behind.
AtomicFile::AtomicFile(std::string path, std::string temporary_path)
    : path_(std::move(path)), temporary_path_(std::move(temporary_path)) {
  buffer_.reserve(kWriteBufferBytes);
  remember_temporary(temporary_path_.c_str());
  fd_ = ::open(temporary_path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd_ < 0) forget_temporary(temporary_path_.c_str());
}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(temporary_path_.c_str());
  forget_temporary(temporary_path_.c_str());
}

Result<std::unique_ptr<AtomicFile>> AtomicFile::create(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
    return invalid_argument(path + ": is a directory, wanted a file name");
  }
  for (;;) {
    std::unique_ptr<AtomicFile> file(new AtomicFile(path, temporary_name(path)));
    if (file->fd_ >= 0) return file;
    if (errno != EEXIST) return system_error(path, "create", errno);
  }
}

Result<void> AtomicFile::flush() {
  size_t done = 0;
  while (done < buffer_.size()) {
    const ssize_t n = ::write(fd_, buffer_.data() + done, buffer_.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error(path_, "write", errno);
    done += static_cast<size_t>(n);
  }
  buffer_.clear();
  return {};
}

Result<void> AtomicFile::write(std::string_view bytes) {
  buffer_.append(bytes);
  if (buffer_.size() >= kWriteBufferBytes) return flush();
  return {};
}

Result<void> AtomicFile::write_at(size_t offset, std::string_view bytes) {
  FLETCHER_TRY(flush());
  const ssize_t n = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
  if (n != static_cast<ssize_t>(bytes.size())) return system_error(path_, "write", n < 0 ? errno : ENOSPC);
  return {};
}

Result<void> AtomicFile::commit() {
  FLETCHER_TRY(flush());
  if (::fsync(fd_) != 0 && errno != EINVAL) return system_error(path_, "sync", errno);
  if (::rename(temporary_path_.c_str(), path_.c_str()) != 0) return system_error(path_, "rename to", errno);
  ::close(fd_);
  fd_ = -1;
  forget_temporary(temporary_path_.c_str());
  return {};
}

void remove_temporary_files_in_signal_handler() {
  for (auto& slot : g_temporary_names) {
    if (const char* name = slot.load()) ::unlink(name);
  }
}

}  // namespace fletcher
