#include "hub/hub_client.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace fletcher::hub {
namespace {

constexpr int64_t kMaxDelayMs = 30'000;
constexpr uint64_t kMaxRetryAfterSeconds = 300;  // the hub's rate limits count in windows of five minutes
constexpr size_t kMaxListingBytes = size_t{64} << 20;

/// The seconds that a hub asks to wait: Retry-After, or t= of RateLimit: "api";r=0;t=55 (huggingface.co/docs/hub/
/// rate-limits), which is all that the real one sends.
std::optional<uint64_t> asked_delay_seconds(const HttpHead& head) {
  if (const auto seconds = head.number("retry-after")) return seconds;
  const std::string_view limit = head.field("ratelimit");
  constexpr std::string_view kReset = ";t=";
  const size_t at = limit.find(kReset);
  if (head.status != 429 || at == std::string_view::npos) return std::nullopt;
  uint64_t seconds = 0;
  const auto [end, error] = std::from_chars(limit.data() + at + kReset.size(), limit.data() + limit.size(), seconds);
  return error == std::errc() ? std::optional(seconds) : std::nullopt;
}

/// False if the wait was ended by a stop request.
bool wait_for(std::chrono::milliseconds delay, const std::stop_token& stop) {
  std::mutex mutex;  // guards nothing: a condition variable wants one
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, delay, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace

Result<void> Retries::wait(const HttpFailure& failure) {
  if (!failure.retryable) return tl::unexpected(failure.error);
  if (failed_ >= max_retries_) {
    if (failed_ == 0) return tl::unexpected(failure.error);
    return make_error(failure.error.code, failure.error.message + " (tried " + std::to_string(failed_ + 1) + " times)");
  }
  int64_t delay_ms = std::min(kMaxDelayMs, int64_t{delay_ms_} << std::min(failed_, 16));
  if (const auto seconds = asked_delay_seconds(failure.head)) {
    if (*seconds > kMaxRetryAfterSeconds) return tl::unexpected(failure.error);
    delay_ms = static_cast<int64_t>(*seconds) * 1000;
  }
  ++failed_;
  if (!wait_for(std::chrono::milliseconds(delay_ms), stop_)) return cancelled("the download was cancelled");
  return {};
}

Result<HubClient> HubClient::create(const HubOptions& options, std::stop_token stop) {
  FLETCHER_TRY_ASSIGN(auto http, HttpClient::create(options, stop));
  return HubClient(options, std::move(stop), std::move(http));
}

/// The hub's answer of status 400 and more, in words. Status and X-Error-Code as in huggingface_hub's
/// hf_raise_for_status.
HttpFailure HubClient::refusal(const HttpHead& head, const ModelId& id, std::string_view file) const {
  const std::string_view code = head.field("x-error-code");
  const std::string what = id.describe() + (file.empty() ? "" : ": " + printable(file));
  const std::string answer = what + ": " + options_.endpoint + " answers " + std::to_string(head.status);
  const std::string said =
      head.field("x-error-message").empty() ? "" : " (" + printable(head.field("x-error-message")) + ")";
  const std::string_view set_token = options_.token.empty() ? "set HF_TOKEN to a token that may read it"
                                                            : "see whether HF_TOKEN is a token that may read it";
  HttpFailure failure{{Code::unavailable, answer + said}, false, head};
  if (code == "GatedRepo") {
    failure.error = {Code::permission_denied, what + ": is gated: accept its terms at " + options_.endpoint + "/" +
                                                  id.name + " and " + std::string(set_token) + said};
  } else if (code == "RevisionNotFound") {
    failure.error = {Code::not_found, id.name + ": " + options_.endpoint + " has the model but no revision \"" +
                                          id.revision + "\": wanted a branch, tag or commit"};
  } else if (code == "RepoNotFound" || (head.status == 404 && file.empty())) {
    failure.error = {Code::not_found, answer + ": no such model or revision, or it is private: check the name, and " +
                                          std::string(set_token) + said};
  } else if (head.status == 401) {
    // The hub also answers 401 for a model that does not exist, so as not to tell what is private.
    failure.error = {Code::permission_denied, answer + ": no such model, or it is private or gated: check the name, " +
                                                  "and " + std::string(set_token) + said};
  } else if (head.status == 403) {
    failure.error = {Code::permission_denied, answer + ": access denied: " + std::string(set_token) + said};
  } else if (head.status == 404) {
    failure.error = {Code::not_found, answer + ": no such file at this revision" + said};
  } else if (head.status == 429) {
    const auto seconds = asked_delay_seconds(head);
    failure.error = {Code::resource_exhausted, answer + ": too many requests: wait" +
                                                   (seconds ? " " + std::to_string(*seconds) + " s" : "") +
                                                   " or set HF_TOKEN" + said};
    failure.retryable = true;
  } else {
    failure.retryable = head.status >= 500 || head.status == 408;
  }
  return failure;
}

tl::expected<std::string, HttpFailure> HubClient::get_listing(const ModelId& id, std::string_view query) {
  std::string body;
  HttpRequest request;
  request.url = options_.endpoint + "/api/models/" + id.name + "/revision/" + percent_encode(id.revision, false) +
                std::string(query);
  request.on_body = [&](const HttpHead&, std::string_view bytes) -> Result<void> {
    if (body.size() + bytes.size() > kMaxListingBytes) {
      return data_loss(id.describe() + ": the hub's list of files is larger than 64 MiB");
    }
    body.append(bytes);
    return {};
  };
  auto head = http_->get(request);
  if (!head) return tl::unexpected(std::move(head).error());
  if (head->status != 200) return tl::unexpected(refusal(*head, id, {}));
  return body;
}

Result<Listing> HubClient::list(const ModelId& id) {
  // ?blobs=true adds sizes and checksums. A mirror that does not know the query is asked again without it; the hub
  // itself would have given the reason for its refusal.
  std::string_view query = "?blobs=true";
  Retries tries = retries();
  for (;;) {
    auto body = get_listing(id, query);
    if (body) return parse_listing(*body, options_.endpoint + "/api/models/" + id.describe());
    const HttpHead& head = body.error().head;
    if (!query.empty() && (head.status == 400 || head.status == 404) && head.field("x-error-code").empty()) {
      query = {};
      continue;
    }
    FLETCHER_TRY(tries.wait(body.error()));
  }
}

tl::expected<HttpHead, HttpFailure> HubClient::fetch(const ModelId& id, std::string_view file, uint64_t start,
                                                     const decltype(HttpRequest::on_origin_head)& head,
                                                     const decltype(HttpRequest::on_body)& body) {
  HttpRequest request;
  request.url = options_.endpoint + "/" + id.name + "/resolve/" + percent_encode(id.revision, false) + "/" +
                percent_encode(file, true);
  request.range_start = start;
  request.on_origin_head = head;
  request.on_body = body;
  auto answer = http_->get(request);
  if (answer && (answer->status < 200 || answer->status >= 300)) {
    return tl::unexpected(refusal(*answer, id, file));
  }
  return answer;
}

}  // namespace fletcher::hub
