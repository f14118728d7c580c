// Errors as values: every fallible function of Fletcher returns Result<T>; nothing throws on input.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace fletcher {

/// Canonical status codes, with the numbers of gRPC, so that front doors map them one to one.
enum class Code : uint8_t {
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};

/// What went wrong: a code for programs, a message for people (what was seen, what was wanted, never the text of a
/// request).
struct Error {
  Code code = Code::unknown;
  std::string message;

  friend bool operator==(const Error&, const Error&) = default;
};

/// A value or the Error that prevented it.
template <typename T>
using Result = tl::expected<T, Error>;

/// The gRPC name of a code, such as "INVALID_ARGUMENT".
constexpr std::string_view code_name(Code code) {
  constexpr std::string_view kNames[] = {
      "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
      "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
      "DATA_LOSS", "UNAUTHENTICATED"};
  return kNames[static_cast<uint8_t>(code)];
}

}  // namespace fletcher
