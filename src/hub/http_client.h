// One HTTP GET after another over libcurl: redirects under our own rules, bodies into a sink, failures sorted by
// whether trying again makes sense.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "hub/hub.h"

namespace fletcher::hub {

/// Status and header fields of an answer.
struct HttpHead {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> fields;  // names in lower case

  /// The last field of that lower-case name; empty if there is none.
  std::string_view field(std::string_view name) const;
  /// A field that is a whole number.
  std::optional<uint64_t> number(std::string_view name) const;
};

/// Why a request gave no usable answer.
struct HttpFailure {
  Error error;
  bool retryable = false;
  HttpHead head;  // status 0 if no answer came
};

struct HttpRequest {
  std::string url;
  uint64_t range_start = 0;  // above 0: asks for the bytes from there on
  /// Each answer of the endpoint's own origin, redirects too, before its body. An error ends the request.
  std::function<Result<void>(const HttpHead&)> on_origin_head;
  /// The body of an answer with status 2xx, piece by piece. An error ends the request.
  std::function<Result<void>(const HttpHead&, std::string_view)> on_body;
};

/// A connection to the hub that is kept open between requests. Not thread-safe.
class HttpClient {
 public:
  /// INVALID_ARGUMENT for an endpoint or token that cannot be used.
  static Result<std::unique_ptr<HttpClient>> create(const HubOptions& options, std::stop_token stop);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Follows up to ten redirects and returns the head of the last answer, whatever its status. The token goes to the
  /// endpoint's scheme, host and port alone; a redirect from https to http is refused. The failure's code is CANCELLED,
  /// UNAVAILABLE (retryable), FAILED_PRECONDITION (certificate, redirect), or the sink's.
  tl::expected<HttpHead, HttpFailure> get(const HttpRequest& request);

 private:
  struct State;
  explicit HttpClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace fletcher::hub
