#include <gtest/gtest.h>

#include <map>

#include "hub/hub.h"

namespace fletcher::hub {
namespace {

HubOptions options_from(const std::map<std::string, std::string>& environment) {
  return options_from_environment([&](const char* name) -> const char* {
    const auto it = environment.find(name);
    return it != environment.end() ? it->second.c_str() : nullptr;
  });
}

TEST(HubOptions, HaveDefaults) {
  const HubOptions options = options_from({{"HOME", "/home/ada"}});
  EXPECT_EQ(options.endpoint, "https://huggingface.co");
  EXPECT_EQ(options.cache_dir, "/home/ada/.cache/fletcher");
  EXPECT_EQ(options.hf_cache_dir, "/home/ada/.cache/huggingface/hub");
  EXPECT_EQ(options.token, "");
  EXPECT_FALSE(options.offline);
}

TEST(HubOptions, FollowTheEnvironment) {
  const HubOptions options = options_from({{"HF_ENDPOINT", "http://mirror:8080/hub//"},
                                           {"HF_TOKEN", " hf_x\n"},
                                           {"FLETCHER_CACHE", "~/models/"},
                                           {"HOME", "/home/ada"},
                                           {"HF_HUB_CACHE", "/hf"},
                                           {"HF_HOME", "/ignored"},
                                           {"SSL_CERT_FILE", "/ca.pem"},
                                           {"FLETCHER_HUB_RETRIES", "0"},
                                           {"FLETCHER_HUB_STALL_TIMEOUT_MS", "5s"}});
  EXPECT_EQ(options.endpoint, "http://mirror:8080/hub");
  EXPECT_EQ(options.token, "hf_x");
  EXPECT_EQ(options.cache_dir, "/home/ada/models");
  EXPECT_EQ(options.hf_cache_dir, "/hf");
  EXPECT_EQ(options.ca_file, "/ca.pem");
  EXPECT_EQ(options.max_retries, 0);
  EXPECT_EQ(options.stall_timeout_ms, 30'000);
}

TEST(HubOptions, FindCachesThroughXdgAndHfHome) {
  EXPECT_EQ(options_from({{"XDG_CACHE_HOME", "/x"}}).cache_dir, "/x/fletcher");
  EXPECT_EQ(options_from({{"XDG_CACHE_HOME", "/x"}}).hf_cache_dir, "/x/huggingface/hub");
  EXPECT_EQ(options_from({{"XDG_CACHE_HOME", "/x"}, {"HF_HOME", "/h"}}).hf_cache_dir, "/h/hub");
}

TEST(HubOptions, ReadOfflineAsPythonDoes) {
  for (const char* value : {"1", "true", "YES", "On"}) EXPECT_TRUE(options_from({{"HF_HUB_OFFLINE", value}}).offline);
  for (const char* value : {"", "0", "false", "2"}) EXPECT_FALSE(options_from({{"HF_HUB_OFFLINE", value}}).offline);
}

}  // namespace
}  // namespace fletcher::hub
