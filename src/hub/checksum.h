// The two checksums that a hub gives for its files.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace fletcher::hub {

enum class ChecksumKind : uint8_t {
  none,
  sha256,         // of the content; files in large-file storage
  git_blob_sha1,  // of "blob <length>\0" and the content; files in git itself
};

struct Checksum {
  ChecksumKind kind = ChecksumKind::none;
  std::string hex;  // lower case

  friend bool operator==(const Checksum&, const Checksum&) = default;
};

/// The checksum in an entity tag: 64 hex digits are SHA-256, 40 are a git blob's SHA-1, anything else is none. Quotes
/// and the mark of a weak tag (W/) are ignored.
Checksum parse_checksum(std::string_view etag);
/// Reads a regular file and computes its checksum of that kind. Errors name the path.
Result<Checksum> file_checksum(const std::string& path, ChecksumKind kind);

}  // namespace fletcher::hub
