// Models by name: finds them in the caches on this machine or pulls them from a Hugging Face hub.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fletcher::hub {

/// Where models come from and are kept. Plain values: copy freely.
struct HubOptions {
  std::string endpoint = "https://huggingface.co";  // http:// or https://, a path is allowed, no trailing slash
  std::string token;                                // sent to the endpoint's own origin only; empty for none
  std::string cache_dir;                            // Fletcher's cache, written
  std::string hf_cache_dir;                         // Hugging Face's cache, only read
  std::string ca_file;                              // PEM file of trusted authorities; empty for the system's
  bool offline = false;                             // never opens a connection
  int max_retries = 4;                              // further tries after the first
  int retry_delay_ms = 500;                         // before the first retry; doubles each time, at most 30 s
  int stall_timeout_ms = 30'000;                    // a transfer below 1000 bytes/s for this long is cut; 0: never
  int connect_timeout_ms = 10'000;
};

/// Looks up an environment variable; null if unset.
using GetenvFn = std::function<const char*(const char*)>;

/// The options that the environment asks for: HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE, FLETCHER_CACHE, HF_HUB_CACHE,
/// HF_HOME, XDG_CACHE_HOME, HOME, CURL_CA_BUNDLE or SSL_CERT_FILE, and FLETCHER_HUB_{RETRIES, RETRY_DELAY_MS,
/// STALL_TIMEOUT_MS, CONNECT_TIMEOUT_MS}; a number that is not one is ignored. An empty `getenv` means std::getenv.
HubOptions options_from_environment(const GetenvFn& getenv = {});

/// How far a pull is. A total of 0 is not known yet.
struct Progress {
  std::string file;
  uint64_t file_bytes = 0, file_total = 0;   // of `file`
  uint64_t done_bytes = 0, total_bytes = 0;  // of all files
};
/// Called on the calling thread, many times a second. May be empty.
using ProgressFn = std::function<void(const Progress&)>;

/// Brings Fletcher's cache up to date with `revision` (a branch, tag or commit; empty means main) of the model `name`
/// ("org/name", or "name", or either with "@revision" if `revision` is empty) and returns the folder. A download that
/// was broken off goes on where it stopped; the folder appears only when every file is complete and verified. Offline,
/// returns what is cached. Thread- and process-safe: a second pull of one model waits for the first.
/// INVALID_ARGUMENT (name), NOT_FOUND, PERMISSION_DENIED (gated, private), UNAVAILABLE (network), DATA_LOSS (checksum).
Result<std::string> pull(std::string_view name, std::string_view revision, const HubOptions& options,
                         const ProgressFn& progress = {}, std::stop_token stop = {});

/// The folder or file that `--model` means: an existing path, else "org/name[@revision]" or "name[@revision]" looked up
/// in Fletcher's cache, then in Hugging Face's, then pulled. A bare "name" also finds "sentence-transformers/name".
/// Errors as pull; NOT_FOUND names the places that were searched.
Result<std::string> resolve(std::string_view name_or_path, const HubOptions& options, const ProgressFn& progress = {},
                            std::stop_token stop = {});

struct CachedModel {
  std::string name;      // "org/name"
  std::string revision;  // a branch or tag where one is known, else the commit
  std::string path;
  uint64_t bytes = 0;
  bool hugging_face_cache = false;
};
/// The complete models of both caches, sorted by name and revision. A cache that cannot be read counts as empty.
std::vector<CachedModel> list_cached(const HubOptions& options);

}  // namespace fletcher::hub
