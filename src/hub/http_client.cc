#include "hub/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "fletcher/version.h"
#include "hub/names.h"

namespace fletcher::hub {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMaxRedirects = 10;
constexpr int64_t kStallBytesPerSecond = 1000;
constexpr size_t kMaxHeaderBytes = 256 << 10;
constexpr long kReceiveBufferBytes = 256 << 10;

struct UrlParts {
  std::string scheme, host, port;
  friend bool operator==(const UrlParts&, const UrlParts&) = default;
};

std::string url_part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return {};
  std::string copy(text);
  curl_free(text);
  std::ranges::transform(copy, copy.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return copy;
}

/// The origin of an absolute http(s) URL.
std::optional<UrlParts> parse_origin(const std::string& text) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url(curl_url(), &curl_url_cleanup);
  if (url == nullptr || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return std::nullopt;
  UrlParts parts{url_part(url.get(), CURLUPART_SCHEME), url_part(url.get(), CURLUPART_HOST),
                 url_part(url.get(), CURLUPART_PORT)};
  if ((parts.scheme != "http" && parts.scheme != "https") || parts.host.empty()) return std::nullopt;
  return parts;
}

std::string describe_origin(const UrlParts& origin) {
  return printable(origin.scheme + "://" + origin.host + ":" + origin.port);
}

/// Once per process, as libcurl wants it; the initialisation of a local static is thread-safe.
bool curl_is_ready() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  return code == CURLE_OK;
}

tl::unexpected<HttpFailure> failure(Code code, std::string message, bool retryable, const HttpHead& head) {
  HttpFailure out;
  out.error = {code, std::move(message)};
  out.retryable = retryable;
  out.head = head;
  return tl::unexpected(std::move(out));
}

bool is_retryable(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PARTIAL_FILE:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string_view HttpHead::field(std::string_view name) const {
  for (auto it = fields.rbegin(); it != fields.rend(); ++it) {
    if (it->first == name) return it->second;
  }
  return {};
}

std::optional<uint64_t> HttpHead::number(std::string_view name) const {
  const std::string_view text = field(name);
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct HttpClient::State {
  HubOptions options;
  std::stop_token stop;
  UrlParts endpoint;
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl{nullptr, &curl_easy_cleanup};
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> plain_headers{nullptr, &curl_slist_free_all};
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> token_headers{nullptr, &curl_slist_free_all};

  // Of the request in progress.
  const HttpRequest* request = nullptr;
  bool at_origin = false;
  HttpHead head;
  size_t header_bytes = 0;
  std::optional<Error> sink_error;
  Clock::time_point window_began;
  int64_t window_bytes = 0;  // received before the window
  bool stalled = false;

  void configure(const std::string& url);
  tl::expected<void, HttpFailure> perform(const std::string& url);
  Result<void> take_header(std::string_view line);
  Result<void> take_body(std::string_view bytes);
  bool may_go_on(int64_t received);

  /// What the callbacks share: nothing may be thrown through libcurl's C frames. False ends the transfer.
  template <typename Take>
  bool guarded(Take take) noexcept {
    try {
      Result<void> taken = take();
      if (taken) return true;
      sink_error = std::move(taken).error();
    } catch (...) {
      sink_error = Error{Code::resource_exhausted, "out of memory"};
    }
    return false;
  }
};

namespace {

template <typename State>
size_t on_header(char* data, size_t size, size_t count, void* user) {
  auto* state = static_cast<State*>(user);
  return state->guarded([&] { return state->take_header({data, size * count}); }) ? size * count : 0;
}

template <typename State>
size_t on_body(char* data, size_t size, size_t count, void* user) {
  auto* state = static_cast<State*>(user);
  // A count other than the given one is how a write callback fails.
  return state->guarded([&] { return state->take_body({data, size * count}); }) ? size * count : size * count + 1;
}

template <typename State>
int on_progress(void* user, curl_off_t, curl_off_t received, curl_off_t, curl_off_t) {
  return static_cast<State*>(user)->may_go_on(received) ? 0 : 1;
}

}  // namespace

Result<void> HttpClient::State::take_header(std::string_view line) {
  header_bytes += line.size();
  if (header_bytes > kMaxHeaderBytes) return data_loss("the hub's answer has more than 256 KiB of headers");
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {  // also opens each interim (1xx) answer
    head = {};
    return {};
  }
  if (line.empty()) {
    long status = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
    head.status = static_cast<int>(status);
    if (at_origin && status >= 200 && request->on_origin_head) return request->on_origin_head(head);
    return {};
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return {};
  std::string name(line.substr(0, colon));
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  head.fields.emplace_back(std::move(name), value);
  return {};
}

Result<void> HttpClient::State::take_body(std::string_view bytes) {
  if (head.status < 200 || head.status >= 300 || !request->on_body) return {};
  return request->on_body(head, bytes);
}

/// Called by libcurl with every piece and about once a second without one. Its own CURLOPT_LOW_SPEED_TIME judges by an
/// average over five seconds: after a fast start it sees a dead connection that much later.
bool HttpClient::State::may_go_on(int64_t received) {
  if (stop.stop_requested()) return false;
  const int64_t wanted = std::max<int64_t>(1, kStallBytesPerSecond * options.stall_timeout_ms / 1000);
  const auto now = Clock::now();
  if (received - window_bytes >= wanted) {
    window_began = now;
    window_bytes = received;
  }
  stalled = options.stall_timeout_ms > 0 && now - window_began >= std::chrono::milliseconds(options.stall_timeout_ms);
  return !stalled;
}

void HttpClient::State::configure(const std::string& url) {
  CURL* c = curl.get();
  curl_easy_reset(c);  // keeps the connections
  curl_easy_setopt(c, CURLOPT_URL, url.c_str());
  curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(c, CURLOPT_USERAGENT, "fletcher/" FLETCHER_VERSION);
  curl_easy_setopt(c, CURLOPT_HTTPHEADER, at_origin ? token_headers.get() : plain_headers.get());
  curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::max(1, options.connect_timeout_ms)));
  curl_easy_setopt(c, CURLOPT_BUFFERSIZE, kReceiveBufferBytes);
  if (!options.ca_file.empty()) curl_easy_setopt(c, CURLOPT_CAINFO, options.ca_file.c_str());
  if (request->range_start > 0) {
    curl_easy_setopt(c, CURLOPT_RANGE, (std::to_string(request->range_start) + "-").c_str());
  }
  curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, &on_header<State>);
  curl_easy_setopt(c, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, &on_body<State>);
  curl_easy_setopt(c, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, &on_progress<State>);
  curl_easy_setopt(c, CURLOPT_XFERINFODATA, this);
  curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
}

tl::expected<void, HttpFailure> HttpClient::State::perform(const std::string& url) {
  head = {};
  header_bytes = 0;
  sink_error.reset();
  window_began = Clock::now();
  window_bytes = 0;
  stalled = false;
  configure(url);
  char detail[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, detail);
  const CURLcode code = curl_easy_perform(curl.get());
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, nullptr);
  if (sink_error) return failure(sink_error->code, std::move(sink_error->message), false, head);
  if (code == CURLE_OK) return {};
  if (code == CURLE_ABORTED_BY_CALLBACK && !stalled) {
    return failure(Code::cancelled, "the download was cancelled", false, head);
  }
  // Only the origin: the path of a redirect's target may hold a signature that is as good as a password.
  const auto origin = parse_origin(url);
  std::string reason = printable(detail[0] != '\0' ? detail : curl_easy_strerror(code));
  if (stalled) {
    reason = "the transfer stalled: less than " + std::to_string(kStallBytesPerSecond) + " bytes/s for " +
             std::to_string(options.stall_timeout_ms) + " ms";
  }
  const bool retryable = stalled || is_retryable(code);
  const Code meaning = retryable ? Code::unavailable : Code::failed_precondition;
  return failure(meaning, (origin ? describe_origin(*origin) : std::string("the hub")) + ": " + reason, retryable,
                 head);
}

HttpClient::HttpClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpClient::~HttpClient() = default;

Result<std::unique_ptr<HttpClient>> HttpClient::create(const HubOptions& options, std::stop_token stop) {
  if (!curl_is_ready()) return internal_error("libcurl cannot be initialised");
  const auto origin = parse_origin(options.endpoint);
  if (!origin) {
    return invalid_argument("HF_ENDPOINT: \"" + printable(options.endpoint) + "\", wanted http(s)://HOST[:PORT]");
  }
  if (!std::ranges::all_of(options.token, [](char c) { return c > 0x20 && c < 0x7F; })) {
    return invalid_argument("HF_TOKEN: has characters that no token has, wanted hf_ and letters and digits");
  }
  auto state = std::make_unique<State>();
  state->options = options;
  state->stop = std::move(stop);
  state->endpoint = *origin;
  state->curl.reset(curl_easy_init());
  // Checksums and ranges are of the bytes as stored.
  constexpr const char* kIdentity = "Accept-Encoding: identity";
  state->plain_headers.reset(curl_slist_append(nullptr, kIdentity));
  curl_slist* headers = curl_slist_append(nullptr, kIdentity);
  if (headers != nullptr && !options.token.empty()) {
    curl_slist* longer = curl_slist_append(headers, ("Authorization: Bearer " + options.token).c_str());
    if (longer == nullptr) curl_slist_free_all(headers);
    headers = longer;
  }
  state->token_headers.reset(headers);
  if (!state->curl || !state->plain_headers || !state->token_headers) return resource_exhausted("out of memory");
  return std::unique_ptr<HttpClient>(new HttpClient(std::move(state)));
}

tl::expected<HttpHead, HttpFailure> HttpClient::get(const HttpRequest& request) {
  const auto refuse = [&](std::string why) {
    return failure(Code::failed_precondition, std::move(why), false, state_->head);
  };
  state_->request = &request;
  std::string url = request.url;
  bool secure = false;
  for (int hop = 0; hop <= kMaxRedirects; ++hop) {
    const auto origin = parse_origin(url);
    if (!origin) return refuse("the hub redirects to \"" + printable(url) + "\", wanted an http(s) address");
    if (secure && origin->scheme != "https") {
      return refuse("the hub redirects from https to " + describe_origin(*origin) + ": refused");
    }
    secure = origin->scheme == "https";
    state_->at_origin = *origin == state_->endpoint;
    if (auto done = state_->perform(url); !done) return tl::unexpected(std::move(done).error());
    const int status = state_->head.status;
    const bool redirects = status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    char* next = nullptr;
    curl_easy_getinfo(state_->curl.get(), CURLINFO_REDIRECT_URL, &next);
    if (!redirects || next == nullptr) return state_->head;
    url = next;
  }
  return refuse("the hub redirects more than " + std::to_string(kMaxRedirects) + " times");
}

}  // namespace fletcher::hub
