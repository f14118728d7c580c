#include "hub/cache.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <tuple>

#include "base/file.h"
#include "base/json.h"

namespace fletcher::hub {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHuggingFacePrefix = "models--";
constexpr size_t kMaxSmallFileBytes = 4096;

bool is_folder(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}
bool is_file(const std::string& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

/// The entries of a folder by name, sorted; none if it cannot be read.
std::vector<std::string> entries(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

/// The bytes of all regular files below a folder; a link to a file counts as the file.
uint64_t folder_bytes(const std::string& folder) {
  uint64_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (it->is_regular_file(ignored)) bytes += it->file_size(ignored);
  }
  return bytes;
}

/// The first line of a small file, without the line end; empty if it cannot be read.
std::string read_line(const std::string& path) {
  const auto text = read_file(path, kMaxSmallFileBytes);
  return text ? text->substr(0, text->find_first_of("\r\n")) : std::string();
}

/// True if a snapshot holds all that a model needs.
bool is_complete_snapshot(const std::string& folder) {
  if (!is_file(folder + "/config.json")) return false;
  if (is_file(folder + "/model.safetensors")) return true;
  const auto index = Json::load(folder + "/model.safetensors.index.json");
  const Json::Object* weight_map = index ? (*index)["weight_map"].as_object() : nullptr;
  return weight_map != nullptr && !weight_map->empty() && std::ranges::all_of(*weight_map, [&](const auto& entry) {
           const std::string* shard = entry.second.as_string();
           return shard != nullptr && check_file_name(*shard) && is_file(folder + "/" + *shard);
         });
}

std::string hugging_face_path(const HubOptions& options, const ModelId& id) {
  return options.hf_cache_dir + "/" + std::string(kHuggingFacePrefix) + name_to_folder(id.name);
}

void list_fletcher_cache(const HubOptions& options, std::vector<CachedModel>& models) {
  const std::string root = options.cache_dir + "/models";
  for (const std::string& model : entries(root)) {
    for (const std::string& revision : entries(root + "/" + model)) {
      const std::string path = root + "/" + model + "/" + revision;
      if (!is_folder(path) || !check_revision(folder_to_revision(revision))) continue;
      models.push_back({folder_to_name(model), folder_to_revision(revision), path, folder_bytes(path), false});
    }
  }
}

/// Commit → the branch or tag that points to it.
std::map<std::string, std::string> read_refs(const std::string& folder) {
  std::map<std::string, std::string> refs;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (!it->is_regular_file(ignored)) continue;
    const std::string name = it->path().lexically_relative(folder).generic_string();
    std::string& known = refs[read_line(it->path().string())];
    if (known.empty() || name == kDefaultRevision) known = name;
  }
  return refs;
}

void list_hugging_face_cache(const HubOptions& options, std::vector<CachedModel>& models) {
  for (const std::string& model : entries(options.hf_cache_dir)) {
    if (!model.starts_with(kHuggingFacePrefix)) continue;
    const std::string folder = options.hf_cache_dir + "/" + model;
    const auto refs = read_refs(folder + "/refs");
    for (const std::string& commit : entries(folder + "/snapshots")) {
      const std::string path = folder + "/snapshots/" + commit;
      if (!is_complete_snapshot(path)) continue;
      const auto ref = refs.find(commit);
      models.push_back({folder_to_name(model.substr(kHuggingFacePrefix.size())),
                        ref != refs.end() ? ref->second : commit, path, folder_bytes(path), true});
    }
  }
}

}  // namespace

std::string revision_path(const std::string& cache_dir, const ModelId& id) {
  return cache_dir + "/models/" + name_to_folder(id.name) + "/" + revision_to_folder(id.revision);
}

std::string read_commit(const std::string& folder) { return read_line(folder + "/" + std::string(kCommitFile)); }

std::vector<ModelId> candidates(const ModelId& id) {
  std::vector<ModelId> all = {id};
  if (!id.has_organisation()) all.push_back({std::string(kDefaultOrganisation) + "/" + id.name, id.revision});
  return all;
}

std::optional<std::string> find_in_fletcher_cache(const HubOptions& options, const ModelId& id) {
  std::string path = revision_path(options.cache_dir, id);
  if (options.cache_dir.empty() || !is_folder(path)) return std::nullopt;
  return path;
}

std::optional<std::string> find_in_hugging_face_cache(const HubOptions& options, const ModelId& id) {
  if (options.hf_cache_dir.empty()) return std::nullopt;
  const std::string folder = hugging_face_path(options, id);
  std::string commit = read_line(folder + "/refs/" + id.revision);
  if (commit.empty()) commit = id.revision;
  if (!is_commit(commit)) return std::nullopt;
  std::string snapshot = folder + "/snapshots/" + commit;
  if (!is_complete_snapshot(snapshot)) return std::nullopt;
  return snapshot;
}

std::optional<std::string> find_cached(const HubOptions& options, const ModelId& id) {
  for (const ModelId& candidate : candidates(id)) {
    if (auto path = find_in_fletcher_cache(options, candidate)) return path;
  }
  for (const ModelId& candidate : candidates(id)) {
    if (auto path = find_in_hugging_face_cache(options, candidate)) return path;
  }
  return std::nullopt;
}

std::vector<CachedModel> list_cached(const HubOptions& options) {
  std::vector<CachedModel> models;
  list_fletcher_cache(options, models);
  list_hugging_face_cache(options, models);
  std::ranges::sort(models, {},
                    [](const CachedModel& m) { return std::tie(m.name, m.revision, m.hugging_face_cache, m.path); });
  return models;
}

}  // namespace fletcher::hub
