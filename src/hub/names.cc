#include "hub/names.h"

#include <algorithm>

#include "base/utf8.h"

namespace fletcher::hub {
namespace {

constexpr size_t kLongestPart = 96;  // the hub's limit
constexpr size_t kLongestFileName = 1024;
constexpr size_t kLongestFilePart = 200;  // leaves room for a suffix below the 255 of most file systems
constexpr std::string_view kSlashCode = "%2F";

bool is_alphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
bool is_name_char(char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; }

bool is_name_part(std::string_view part) {
  const auto at_edge = [](char c) { return c != '.' && c != '-'; };
  return !part.empty() && part.size() <= kLongestPart && std::ranges::all_of(part, is_name_char) &&
         at_edge(part.front()) && at_edge(part.back()) && part.find("..") == std::string_view::npos &&
         part.find("--") == std::string_view::npos;
}

/// Calls `accept` with every part between slashes; false as soon as it is.
template <typename Accept>
bool all_parts(std::string_view path, Accept accept) {
  for (;;) {
    const size_t slash = path.find('/');
    if (!accept(path.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

}  // namespace

std::string ModelId::describe() const { return revision == kDefaultRevision ? name : name + "@" + revision; }

Result<ModelId> parse_model_id(std::string_view text) {
  ModelId id;
  const size_t at = text.find('@');
  const std::string_view name = text.substr(0, at);
  const size_t slash = name.find('/');
  const bool valid =
      is_name_part(name.substr(0, slash)) && (slash == std::string_view::npos || is_name_part(name.substr(slash + 1)));
  if (!valid) {
    return invalid_argument("\"" + printable(name) +
                            "\" is neither a file or folder here nor a model name, wanted org/name of letters, digits, "
                            "'.', '_' and '-'");
  }
  id.name = name;
  if (at != std::string_view::npos) {
    FLETCHER_TRY(check_revision(text.substr(at + 1)));
    id.revision = text.substr(at + 1);
  }
  return id;
}

Result<void> check_revision(std::string_view revision) {
  const bool valid = revision.size() <= kLongestFilePart && all_parts(revision, [](std::string_view part) {
                       return !part.empty() && part.front() != '.' && part.find("..") == std::string_view::npos &&
                              std::ranges::all_of(part, [](char c) { return is_name_char(c) || c == '+'; });
                     });
  const bool reserved =
      revision.ends_with(kStagingSuffix) || revision.ends_with(kReplacedSuffix) || revision.ends_with(kLockSuffix);
  if (valid && !reserved) return {};
  return invalid_argument("revision \"" + printable(revision) + "\": wanted a branch, tag or commit");
}

Result<void> check_file_name(std::string_view name) {
  const bool valid =
      name.size() <= kLongestFileName && is_valid_utf8(name) && all_parts(name, [](std::string_view part) {
        return !part.empty() && part.size() <= kLongestFilePart && part != "." && part != ".." &&
               std::ranges::none_of(part, [](char c) {
                 const auto byte = static_cast<unsigned char>(c);
                 return byte < 0x20 || byte == 0x7F || c == '\\';
               });
      });
  if (valid) return {};
  return data_loss("the hub names a file \"" + printable(name) + "\", wanted a plain relative path: refused");
}

bool is_hex(std::string_view text, size_t length) {
  return text.size() == length && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

bool is_commit(std::string_view revision) { return is_hex(revision, 40); }

std::string name_to_folder(std::string_view name) {
  std::string folder(name);
  replace_all(folder, "/", "--");
  return folder;
}

std::string folder_to_name(std::string_view folder) {
  std::string name(folder);
  if (const size_t at = name.find("--"); at != std::string::npos) name.replace(at, 2, "/");
  return name;
}

std::string revision_to_folder(std::string_view revision) {
  std::string folder(revision);
  replace_all(folder, "/", kSlashCode);
  return folder;
}

std::string folder_to_revision(std::string_view folder) {
  std::string revision(folder);
  replace_all(revision, kSlashCode, "/");
  return revision;
}

std::string percent_encode(std::string_view text, bool keep_slash) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_name_char(c) || c == '~' || (c == '/' && keep_slash)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return out;
}

std::string printable(std::string_view text) {
  constexpr size_t kLongest = 200;
  std::string out = to_valid_utf8(text.substr(0, kLongest));
  std::ranges::replace_if(out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, '?');
  if (text.size() > kLongest) out += "…";
  return out;
}

}  // namespace fletcher::hub
