#include "engine/fingerprint.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <vector>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/file.h"

namespace fletcher {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 4> kExtensions = {".json", ".txt", ".model", ".safetensors"};

Result<std::vector<std::string>> deciding_files(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, error), end;
  for (; !error && entry != end; entry.increment(error)) {
    // By its name in the folder, not where a link leads: the same content is the same model in every cache layout.
    if (std::ranges::count(kExtensions, entry->path().extension().string()) > 0 && !entry->is_directory(error)) {
      names.push_back(entry->path().lexically_relative(folder).generic_string());
    }
  }
  if (error) return unavailable(folder + ": cannot list: " + error.message());
  std::ranges::sort(names);
  return names;
}

}  // namespace

Result<std::string> fingerprint_folder(const std::string& folder) {
  FLETCHER_TRY_ASSIGN(const std::vector<std::string> names, deciding_files(folder));
  XXH3_state_t state;
  XXH3_128bits_reset(&state);
  for (const std::string& name : names) {
    FLETCHER_TRY_ASSIGN(const std::unique_ptr<MappedFile> file, MappedFile::open(folder + "/" + name));
    const uint64_t size = file->bytes().size();
    XXH3_128bits_update(&state, name.c_str(), name.size() + 1);
    XXH3_128bits_update(&state, &size, sizeof size);
    XXH3_128bits_update(&state, file->bytes().data(), size);
  }
  const XXH128_hash_t hash = XXH3_128bits_digest(&state);
  char hex[33];
  std::snprintf(hex, sizeof hex, "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  return std::string(hex);
}

}  // namespace fletcher
