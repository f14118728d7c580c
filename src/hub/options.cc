// The environment of the hub, read in this one place.
#include <charconv>
#include <cstdlib>
#include <string>
#include <string_view>

#include "hub/hub.h"

namespace fletcher::hub {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

/// Variables by name; unset and blank are the same.
class Environment {
 public:
  explicit Environment(const GetenvFn& getenv) : getenv_(getenv) {}

  std::string text(const char* name) const {
    const char* value = getenv_ ? getenv_(name) : std::getenv(name);
    return std::string(trimmed(value != nullptr ? value : ""));
  }

  /// As huggingface_hub: 1, on, yes and true, in any case.
  bool flag(const char* name) const {
    std::string value = text(name);
    for (char& c : value) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    }
    return value == "1" || value == "on" || value == "yes" || value == "true";
  }

  void number(const char* name, int* target) const {
    const std::string value = text(name);
    int parsed = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
    if (error == std::errc() && end == value.data() + value.size() && parsed >= 0) *target = parsed;
  }

  /// A folder's name with a leading "~/" replaced.
  std::string folder(const char* name) const {
    std::string value = text(name);
    if (value == "~" || value.starts_with("~/")) value.replace(0, 1, text("HOME"));
    while (value.size() > 1 && value.back() == '/') value.pop_back();
    return value;
  }

 private:
  const GetenvFn& getenv_;  // outlived by the caller's argument
};

}  // namespace

HubOptions options_from_environment(const GetenvFn& getenv) {
  const Environment env(getenv);
  HubOptions options;
  if (std::string endpoint = env.text("HF_ENDPOINT"); !endpoint.empty()) {
    while (endpoint.ends_with('/')) endpoint.pop_back();
    options.endpoint = std::move(endpoint);
  }
  options.token = env.text("HF_TOKEN");
  options.offline = env.flag("HF_HUB_OFFLINE");
  options.ca_file = env.text("CURL_CA_BUNDLE");
  if (options.ca_file.empty()) options.ca_file = env.text("SSL_CERT_FILE");

  std::string user_cache = env.folder("XDG_CACHE_HOME");
  if (user_cache.empty()) {
    const std::string home = env.folder("HOME");
    user_cache = (home.empty() ? "." : home) + "/.cache";
  }
  options.cache_dir = env.folder("FLETCHER_CACHE");
  if (options.cache_dir.empty()) options.cache_dir = user_cache + "/fletcher";
  options.hf_cache_dir = env.folder("HF_HUB_CACHE");
  if (options.hf_cache_dir.empty()) {
    const std::string hf_home = env.folder("HF_HOME");
    options.hf_cache_dir = (hf_home.empty() ? user_cache + "/huggingface" : hf_home) + "/hub";
  }

  env.number("FLETCHER_HUB_RETRIES", &options.max_retries);
  env.number("FLETCHER_HUB_RETRY_DELAY_MS", &options.retry_delay_ms);
  env.number("FLETCHER_HUB_STALL_TIMEOUT_MS", &options.stall_timeout_ms);
  env.number("FLETCHER_HUB_CONNECT_TIMEOUT_MS", &options.connect_timeout_ms);
  return options;
}

}  // namespace fletcher::hub
