// The hub's protocol: list a model's files, fetch one of them, with retries and errors that say what to do.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"
#include "hub/http_client.h"
#include "hub/listing.h"
#include "hub/names.h"

namespace fletcher::hub {

/// Decides how long to wait before a request is tried again, and waits. Not thread-safe.
class Retries {
 public:
  Retries(const HubOptions& options, std::stop_token stop)
      : max_retries_(options.max_retries), delay_ms_(options.retry_delay_ms), stop_(std::move(stop)) {}

  /// Returns after the delay if another try is due (Retry-After, else doubling from retry_delay_ms up to 30 s); the
  /// failure's error if it is not retryable, asks for more than five minutes, or the tries are used up; CANCELLED.
  Result<void> wait(const HttpFailure& failure);
  /// Begins anew: the last try got further than any before.
  void reset() { failed_ = 0; }

 private:
  int max_retries_;
  int delay_ms_;
  std::stop_token stop_;
  int failed_ = 0;
};

/// Talks to one hub. Not thread-safe.
class HubClient {
 public:
  static Result<HubClient> create(const HubOptions& options, std::stop_token stop);

  /// The files of a model. NOT_FOUND, PERMISSION_DENIED, UNAVAILABLE, DATA_LOSS; also CANCELLED.
  Result<Listing> list(const ModelId& id);

  /// One try to fetch `file` of a model from byte `start` on; `head` and `body` as in HttpRequest. A status of 400 and
  /// more is a failure with the hub's reason in words.
  tl::expected<HttpHead, HttpFailure> fetch(const ModelId& id, std::string_view file, uint64_t start,
                                            const decltype(HttpRequest::on_origin_head)& head,
                                            const decltype(HttpRequest::on_body)& body);

  Retries retries() const { return Retries(options_, stop_); }

 private:
  HubClient(HubOptions options, std::stop_token stop, std::unique_ptr<HttpClient> http)
      : options_(std::move(options)), stop_(std::move(stop)), http_(std::move(http)) {}
  tl::expected<std::string, HttpFailure> get_listing(const ModelId& id, std::string_view query);
  HttpFailure refusal(const HttpHead& head, const ModelId& id, std::string_view file) const;

  HubOptions options_;
  std::stop_token stop_;
  std::unique_ptr<HttpClient> http_;
};

}  // namespace fletcher::hub
