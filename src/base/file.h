// Files: mapped for reading, and written so that the final name never holds half a file.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fletcher {

/// A read-only private mapping of a whole regular file. Immutable and thread-safe; unmapped by the destructor.
class MappedFile {
 public:
  /// NOT_FOUND if absent, INVALID_ARGUMENT if a directory or other special file, UNAVAILABLE for other system errors.
  static Result<std::unique_ptr<MappedFile>> open(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::string& path() const { return path_; }
  /// Tells the kernel that these bytes are not needed soon: their pages leave the resident set; reading them again
  /// works.
  void release(std::span<const std::byte> bytes) const;

 private:
  MappedFile(std::string path, std::byte* data, size_t size) : path_(std::move(path)), data_(data), size_(size) {}
  std::string path_;
  std::byte* data_;
  size_t size_;
};

/// The whole content of a (small) regular file. Errors as MappedFile::open; RESOURCE_EXHAUSTED above `max_bytes`.
Result<std::string> read_file(const std::string& path, size_t max_bytes = size_t{256} << 20);

/// Writes to a temporary file beside `path` and renames on commit; without commit nothing is left. Not thread-safe.
class AtomicFile {
 public:
  /// Errors name the path: NOT_FOUND (folder), INVALID_ARGUMENT (a directory has that name), UNAVAILABLE.
  static Result<std::unique_ptr<AtomicFile>> create(const std::string& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Appends; RESOURCE_EXHAUSTED when the disk is full. Buffered.
  Result<void> write(std::string_view bytes);
  /// Overwrites bytes that were written before (npy headers learn their row count last). Flushes first.
  Result<void> write_at(size_t offset, std::string_view bytes);
  /// Flushes, syncs and renames to the final name. May be called once.
  Result<void> commit();
  const std::string& temporary_path() const { return temporary_path_; }

 private:
  AtomicFile(std::string path, std::string temporary_path);
  Result<void> flush();

  std::string path_;
  std::string temporary_path_;
  int fd_ = -1;
  std::string buffer_;
};

/// Removes the temporary files of every AtomicFile that is open. Async-signal-safe: for a handler of SIGINT and
/// SIGTERM.
void remove_temporary_files_in_signal_handler();

}  // namespace fletcher
