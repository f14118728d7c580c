// Names of models, revisions and files: what is allowed, and how they look in paths and URLs.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace fletcher::hub {

inline constexpr std::string_view kDefaultRevision = "main";
/// The organisation that a bare name may belong to, as in Python's sentence-transformers.
inline constexpr std::string_view kDefaultOrganisation = "sentence-transformers";

/// Suffixes of what stands beside a revision's folder while it is pulled; no revision may end in one.
inline constexpr std::string_view kStagingSuffix = ".incomplete";
inline constexpr std::string_view kReplacedSuffix = ".replaced";
inline constexpr std::string_view kLockSuffix = ".lock";

/// A model on a hub: "org/name" or "name", and a branch, tag or commit.
struct ModelId {
  std::string name;
  std::string revision{kDefaultRevision};

  /// "org/name", with "@revision" unless that is main.
  std::string describe() const;
  bool has_organisation() const { return name.find('/') != std::string::npos; }
};

/// Parses "name", "org/name", "name@revision" or "org/name@revision". The rules are the hub's: [A-Za-z0-9._-] with at
/// most one '/', no part that starts or ends with '.' or '-', none with ".." or "--". INVALID_ARGUMENT.
Result<ModelId> parse_model_id(std::string_view text);
/// OK if `revision` may be asked for: [A-Za-z0-9._+-] in parts between '/', none empty, none
/// with ".." or a leading '.', and no suffix that the cache uses. INVALID_ARGUMENT.
Result<void> check_revision(std::string_view revision);
/// OK if a file of this name, which a server sent, may be created below a folder: a relative path of UTF-8 without
/// "..", empty parts, backslashes and control characters. DATA_LOSS.
Result<void> check_file_name(std::string_view name);

/// True for a full git commit: 40 hex digits.
bool is_commit(std::string_view revision);
/// True for `length` lower- or upper-case hex digits.
bool is_hex(std::string_view text, size_t length);

/// One path component for "org/name": "org--name".
std::string name_to_folder(std::string_view name);
/// The inverse: the first "--" becomes '/'.
std::string folder_to_name(std::string_view folder);
/// One path component for a revision: '/' is written %2F, which no revision contains.
std::string revision_to_folder(std::string_view revision);
std::string folder_to_revision(std::string_view folder);

/// `text` with every byte but [A-Za-z0-9._~-] and, if `keep_slash`, '/' percent-encoded.
std::string percent_encode(std::string_view text, bool keep_slash);
/// A server's or user's text as it may stand in a message: one line, no control characters, at most 200 bytes.
std::string printable(std::string_view text);

}  // namespace fletcher::hub
