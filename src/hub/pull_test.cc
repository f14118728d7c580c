// What the program cannot show from outside: progress, cancellation and waiting. The protocol itself is tested with a
// stand-in hub in tests/e2e/test_pull.py.
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

#include "base/file.h"
#include "hub/hub.h"
#include "hub/hub_client.h"
#include "hub/lock_file.h"
#include "hub/loopback_server.h"

namespace fletcher::hub {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr milliseconds kSoon{3000};  // libcurl looks for a stop request at least once a second

class PullTest : public testing::Test {
 protected:
  PullTest() {
    root_ = fs::path(testing::TempDir()) /
            (std::string("pull-") + testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(root_);
    options_.cache_dir = (root_ / "ours").string();
    options_.hf_cache_dir = (root_ / "theirs").string();
    options_.retry_delay_ms = 1;
  }
  ~PullTest() override { fs::remove_all(root_); }

  fs::path root_;
  HubOptions options_;
};

constexpr const char* kListing = R"({"siblings":[{"rfilename":"config.json","size":2},
                                                 {"rfilename":"model.safetensors","size":1000}]})";

Scripted small_hub(const std::string& target) {
  if (target.starts_with("/api/")) return {LoopbackServer::ok(kListing, std::string_view(kListing).size())};
  if (target.ends_with("/config.json")) return {LoopbackServer::ok("{}", 2)};
  return {LoopbackServer::ok(std::string(1000, 'w'), 1000)};
}

TEST_F(PullTest, ReportsProgressUpToTheTotal) {
  LoopbackServer server(small_hub);
  options_.endpoint = server.url();
  std::vector<Progress> reports;
  const auto folder = pull("org/name", "", options_, [&](const Progress& p) { reports.push_back(p); });
  ASSERT_TRUE(folder) << folder.error().message;
  EXPECT_EQ(read_file(*folder + "/model.safetensors").value(), std::string(1000, 'w'));
  ASSERT_FALSE(reports.empty());
  uint64_t last = 0;
  for (const Progress& report : reports) {
    EXPECT_GE(report.done_bytes, last);
    EXPECT_EQ(report.total_bytes, 1002u);
    last = report.done_bytes;
  }
  EXPECT_EQ(last, 1002u);
  EXPECT_EQ(reports.back().file, "model.safetensors");
  EXPECT_EQ(reports.back().file_bytes, 1000u);
}

TEST_F(PullTest, StopsInTheMiddleOfAFile) {
  LoopbackServer server([](const std::string& target) -> Scripted {
    if (!target.ends_with(".safetensors")) return small_hub(target);
    return {LoopbackServer::ok(std::string(400, 'w'), 1000), true};
  });
  options_.endpoint = server.url();
  std::stop_source source;
  std::atomic<bool> halfway = false;
  std::jthread stopper([&] {
    while (!halfway) std::this_thread::sleep_for(milliseconds(1));
    source.request_stop();
  });
  const auto began = Clock::now();
  const auto folder = pull(
      "org/name", "", options_, [&](const Progress& p) { halfway = halfway || p.file_bytes == 400; },
      source.get_token());
  halfway = true;
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code, Code::cancelled) << folder.error().message;
  EXPECT_LT(Clock::now() - began, kSoon);
  EXPECT_EQ(fs::file_size(root_ / "ours/models/org--name/main.incomplete/model.safetensors.incomplete"), 400u);
}

TEST_F(PullTest, StopsWhileItWaitsForTheNextTry) {
  LoopbackServer server([](const std::string&) -> Scripted { return {}; });
  options_.endpoint = server.url();
  options_.retry_delay_ms = 20'000;
  std::stop_source source;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(milliseconds(50));
    source.request_stop();
  });
  const auto began = Clock::now();
  const auto folder = pull("org/name", "", options_, {}, source.get_token());
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code, Code::cancelled) << folder.error().message;
  EXPECT_LT(Clock::now() - began, kSoon);
}

TEST_F(PullTest, StopsWhileAnotherPullHoldsTheLock) {
  LoopbackServer server(small_hub);
  options_.endpoint = server.url();
  fs::create_directories(root_ / "ours/models/org--name");
  const auto lock = LockFile::acquire((root_ / "ours/models/org--name/main.lock").string(), {});
  ASSERT_TRUE(lock) << lock.error().message;
  std::stop_source source;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(milliseconds(50));
    source.request_stop();
  });
  EXPECT_EQ(pull("org/name", "", options_, {}, source.get_token()).error().code, Code::cancelled);
}

TEST_F(PullTest, RefusesAnEndpointThatIsNoUrl) {
  for (const char* endpoint : {"", "huggingface.co", "ftp://x", "file:///tmp", "http://"}) {
    options_.endpoint = endpoint;
    const auto folder = pull("org/name", "", options_);
    ASSERT_FALSE(folder) << endpoint;
    EXPECT_EQ(folder.error().code, Code::invalid_argument) << endpoint;
    EXPECT_THAT(folder.error().message, HasSubstr("HF_ENDPOINT"));
  }
}

TEST_F(PullTest, RefusesTwoRevisions) {
  EXPECT_EQ(pull("org/name@v1", "v2", options_).error().code, Code::invalid_argument);
}

HttpFailure refusal(std::pair<std::string, std::string> field) {
  HttpFailure failure;
  failure.error = {Code::resource_exhausted, "busy"};
  failure.retryable = true;
  failure.head.status = 429;
  failure.head.fields.push_back(std::move(field));
  return failure;
}

TEST(Retries, WaitAsLongAsTheHubAsks) {
  HubOptions options;
  options.retry_delay_ms = 0;
  for (const auto& failure : {refusal({"retry-after", "1"}), refusal({"ratelimit", R"("api";r=0;t=1)"})}) {
    Retries retries(options, {});
    const auto began = Clock::now();
    EXPECT_TRUE(retries.wait(failure));
    EXPECT_GE(Clock::now() - began, milliseconds(1000));
  }
}

TEST(Retries, DoNotWaitLongerThanFiveMinutes) {
  for (const auto& failure : {refusal({"retry-after", "301"}), refusal({"ratelimit", R"("api";r=0;t=86400)"})}) {
    Retries retries(HubOptions{}, {});
    EXPECT_FALSE(retries.wait(failure));
  }
}

TEST(Retries, EndAfterTheLastTry) {
  HubOptions options;
  options.retry_delay_ms = 0;
  options.max_retries = 2;
  Retries retries(options, {});
  const HttpFailure failure = refusal({"x", "y"});
  EXPECT_TRUE(retries.wait(failure));
  EXPECT_TRUE(retries.wait(failure));
  EXPECT_THAT(retries.wait(failure).error().message, HasSubstr("tried 3 times"));
  retries.reset();
  EXPECT_TRUE(retries.wait(failure));
}

}  // namespace
}  // namespace fletcher::hub
