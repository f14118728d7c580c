// Pulling a model: list, download what is missing into a staging folder, then put that in the revision's place.
#include <algorithm>
#include <filesystem>
#include <string>

#include "base/file.h"
#include "hub/cache.h"
#include "hub/download.h"
#include "hub/hub.h"
#include "hub/hub_client.h"
#include "hub/lock_file.h"
#include "hub/partial_file.h"

namespace fletcher::hub {
namespace {

namespace fs = std::filesystem;

/// One pull of one model under its full name.
class Pull {
 public:
  Pull(const HubOptions& options, const ModelId& id, const ProgressFn& progress, const std::stop_token& stop)
      : options_(options),
        id_(id),
        progress_(progress),
        stop_(stop),
        folder_(revision_path(options.cache_dir, id)),
        staging_(folder_ + std::string(kStagingSuffix)) {}

  Result<std::string> run() {
    // A commit's files never change: no need to ask.
    if (is_commit(id_.revision) && find_in_fletcher_cache(options_, id_)) return folder_;
    FLETCHER_TRY_ASSIGN(HubClient client, HubClient::create(options_, stop_));
    FLETCHER_TRY_ASSIGN(const Listing listing, client.list(id_));
    FLETCHER_TRY_ASSIGN(files_, select_engine_files(listing, id_.describe()));
    commit_ = listing.commit;
    FLETCHER_TRY(make_folders(fs::path(folder_).parent_path().string()));
    FLETCHER_TRY_ASSIGN(const LockFile lock, LockFile::acquire(folder_ + std::string(kLockSuffix), stop_));
    if (is_up_to_date()) return folder_;
    FLETCHER_TRY(prepare_staging());
    FLETCHER_TRY(check_space());
    for (const HubFile& file : files_) FLETCHER_TRY(fetch(client, file));
    FLETCHER_TRY(install());
    return folder_;
  }

 private:
  bool has_file(const std::string& folder, const HubFile& file) const {
    std::error_code error;
    const uint64_t size = fs::file_size(folder + "/" + file.name, error);
    return !error && (file.size == 0 || file.size == size);
  }

  bool is_up_to_date() const {
    return find_in_fletcher_cache(options_, id_) && read_commit(folder_) == commit_ &&
           std::ranges::all_of(files_, [&](const HubFile& file) { return has_file(folder_, file); });
  }

  /// Keeps what an earlier run of the same commit left, and nothing of any other.
  Result<void> prepare_staging() {
    std::error_code error;
    if (read_commit(staging_) != commit_) fs::remove_all(staging_, error);
    if (error) return unavailable(staging_ + ": cannot remove: " + error.message());
    FLETCHER_TRY(make_folders(staging_));
    FLETCHER_TRY_ASSIGN(auto file, AtomicFile::create(staging_ + "/" + std::string(kCommitFile)));
    FLETCHER_TRY(file->write(commit_));
    return file->commit();
  }

  uint64_t bytes_on_disk(const HubFile& file) const {
    std::error_code error;
    uint64_t size = fs::file_size(staging_ + "/" + file.name, error);
    if (error) size = fs::file_size(staging_ + "/" + file.name + std::string(kStagingSuffix), error);
    return error ? 0 : size;
  }

  Result<void> check_space() {
    uint64_t needed = 0;
    for (const HubFile& file : files_) {
      total_bytes_ += file.size;
      needed += file.size - std::min(file.size, bytes_on_disk(file));
    }
    std::error_code error;
    const fs::space_info space = fs::space(staging_, error);
    if (error || space.available >= needed) return {};
    return resource_exhausted(staging_ + ": " + std::to_string(space.available) + " bytes free, " + id_.describe() +
                              " needs " + std::to_string(needed));
  }

  void report(const HubFile& file, uint64_t bytes, uint64_t total) const {
    if (progress_)
      progress_({file.name, bytes, total, done_bytes_ + bytes, std::max(total_bytes_, done_bytes_ + total)});
  }

  Result<void> fetch(HubClient& client, const HubFile& file) {
    if (!has_file(staging_, file)) {
      report(file, 0, file.size);
      const auto on_bytes = [&](uint64_t bytes, uint64_t total) { report(file, bytes, total); };
      FLETCHER_TRY(download_file(client, {id_, commit_, file, staging_, on_bytes}));
    }
    const uint64_t bytes = bytes_on_disk(file);
    report(file, bytes, bytes);
    done_bytes_ += bytes;
    return {};
  }

  Result<void> install() const {
    const std::string replaced = folder_ + std::string(kReplacedSuffix);
    const std::string parent = fs::path(folder_).parent_path().string();
    std::error_code error;
    fs::remove_all(replaced, error);
    // A program that has the old files mapped keeps them until it ends.
    fs::rename(folder_, replaced, error);
    error.clear();
    for (const HubFile& file : files_) sync_folder(fs::path(staging_ + "/" + file.name).parent_path().string());
    fs::rename(staging_, folder_, error);
    if (error) return unavailable(folder_ + ": cannot rename " + staging_ + " to it: " + error.message());
    sync_folder(parent);
    fs::remove_all(replaced, error);
    return {};
  }

  const HubOptions& options_;  // these four outlive this
  const ModelId& id_;
  const ProgressFn& progress_;
  const std::stop_token& stop_;
  std::string folder_;
  std::string staging_;
  std::string commit_;
  std::vector<HubFile> files_;
  uint64_t done_bytes_ = 0;
  uint64_t total_bytes_ = 0;
};

/// True if the hub may know the model under another name. It answers 401 for what it does not have.
bool may_have_other_name(Code code) { return code == Code::not_found || code == Code::permission_denied; }

Result<std::string> pull_any(const ModelId& id, const HubOptions& options, const ProgressFn& progress,
                             const std::stop_token& stop) {
  Result<std::string> first = Pull(options, id, progress, stop).run();
  if (first || id.has_organisation() || !may_have_other_name(first.error().code)) return first;
  Result<std::string> second = Pull(options, candidates(id).back(), progress, stop).run();
  if (second || !may_have_other_name(second.error().code)) return second;
  return make_error(second.error().code, first.error().message + "; " + second.error().message);
}

tl::unexpected<Error> not_cached(const ModelId& id, const HubOptions& options) {
  return not_found(id.describe() + ": not in " + options.cache_dir + "/models nor in " + options.hf_cache_dir +
                   ", and HF_HUB_OFFLINE forbids to pull it");
}

/// True for what can only be meant as a path.
bool looks_like_path(std::string_view text) {
  return text.starts_with('/') || text.starts_with('.') || text.starts_with('~') || std::ranges::count(text, '/') > 1 ||
         text.ends_with('/') || text.ends_with(".gguf") || text.ends_with(".safetensors") || text.ends_with(".json");
}

}  // namespace

Result<std::string> pull(std::string_view name, std::string_view revision, const HubOptions& options,
                         const ProgressFn& progress, std::stop_token stop) {
  FLETCHER_TRY_ASSIGN(ModelId id, parse_model_id(name));
  if (!revision.empty()) {
    if (name.find('@') != std::string_view::npos) {
      return invalid_argument(printable(name) + ": has a revision already, wanted one revision");
    }
    FLETCHER_TRY(check_revision(revision));
    id.revision = revision;
  }
  if (!options.offline) return pull_any(id, options, progress, stop);
  if (auto path = find_cached(options, id)) return *path;
  return not_cached(id, options);
}

Result<std::string> resolve(std::string_view name_or_path, const HubOptions& options, const ProgressFn& progress,
                            std::stop_token stop) {
  std::error_code error;
  if (!name_or_path.empty() && fs::exists(name_or_path, error)) return std::string(name_or_path);
  if (looks_like_path(name_or_path)) {
    return not_found(printable(name_or_path) + ": no such file or folder, wanted a model's folder, file or name");
  }
  FLETCHER_TRY_ASSIGN(const ModelId id, parse_model_id(name_or_path));
  if (auto path = find_cached(options, id)) return *path;
  if (options.offline) return not_cached(id, options);
  auto pulled = pull_any(id, options, progress, stop);
  if (!pulled) return with_context(std::move(pulled).error(), id.name + " is in neither cache and cannot be pulled");
  return pulled;
}

}  // namespace fletcher::hub
