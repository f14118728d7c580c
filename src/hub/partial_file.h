// A file that grows over several tries and runs of the program until it is complete.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fletcher::hub {

/// An open file for appending. Kept on destruction. Not thread-safe. Errors name the path: RESOURCE_EXHAUSTED when the
/// disk is full, else PERMISSION_DENIED or UNAVAILABLE.
class PartialFile {
 public:
  /// Creates the file and its folders, or goes on with what is there. Links are not followed.
  static Result<PartialFile> open(const std::string& path);
  PartialFile(PartialFile&& other) noexcept;
  PartialFile& operator=(PartialFile&&) = delete;
  ~PartialFile();

  uint64_t size() const { return size_; }
  const std::string& path() const { return path_; }
  Result<void> append(std::string_view bytes);
  /// Empties the file.
  Result<void> clear();
  /// Syncs and renames. May be called once, last.
  Result<void> commit(const std::string& final_path);

 private:
  PartialFile(std::string path, int fd, uint64_t size) : path_(std::move(path)), fd_(fd), size_(size) {}

  std::string path_;
  int fd_;
  uint64_t size_;
};

/// Makes a folder and its parents. Errors name the path.
Result<void> make_folders(const std::string& path);
/// Brings the names in a folder to disk; where the file system cannot, does nothing.
void sync_folder(const std::string& path);

}  // namespace fletcher::hub
