// Makers of errors and the two macros that pass them on.
#pragma once

#include <string>
#include <utility>

#include "fletcher/result.h"

namespace fletcher {

inline tl::unexpected<Error> make_error(Code code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}
inline tl::unexpected<Error> invalid_argument(std::string m) {
  return make_error(Code::invalid_argument, std::move(m));
}
inline tl::unexpected<Error> not_found(std::string m) { return make_error(Code::not_found, std::move(m)); }
inline tl::unexpected<Error> data_loss(std::string m) { return make_error(Code::data_loss, std::move(m)); }
inline tl::unexpected<Error> unimplemented(std::string m) { return make_error(Code::unimplemented, std::move(m)); }
inline tl::unexpected<Error> internal_error(std::string m) { return make_error(Code::internal, std::move(m)); }
inline tl::unexpected<Error> unavailable(std::string m) { return make_error(Code::unavailable, std::move(m)); }
inline tl::unexpected<Error> out_of_range(std::string m) { return make_error(Code::out_of_range, std::move(m)); }
inline tl::unexpected<Error> failed_precondition(std::string m) {
  return make_error(Code::failed_precondition, std::move(m));
}
inline tl::unexpected<Error> resource_exhausted(std::string m) {
  return make_error(Code::resource_exhausted, std::move(m));
}
inline tl::unexpected<Error> cancelled(std::string m) { return make_error(Code::cancelled, std::move(m)); }

/// The same error with `prefix` (a file, tensor or field name) in front of its message.
inline tl::unexpected<Error> with_context(Error error, std::string_view prefix) {
  error.message.insert(0, std::string(prefix) + ": ");
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace fletcher

#define FLETCHER_CONCAT_INNER(a, b) a##b
#define FLETCHER_CONCAT(a, b) FLETCHER_CONCAT_INNER(a, b)

/// Evaluates a Result and returns its error from the enclosing function; drops the value.
#define FLETCHER_TRY(expression)                                                                              \
  do {                                                                                                        \
    auto&& fletcher_try_result = (expression);                                                                \
    if (!fletcher_try_result) return tl::unexpected<fletcher::Error>(std::move(fletcher_try_result).error()); \
  } while (false)

/// `FLETCHER_TRY_ASSIGN(auto value, maybe());` declares `value`, or returns the error from the enclosing function.
#define FLETCHER_TRY_ASSIGN(declaration, expression) \
  FLETCHER_TRY_ASSIGN_INNER(FLETCHER_CONCAT(fletcher_result_, __LINE__), declaration, expression)
#define FLETCHER_TRY_ASSIGN_INNER(result, declaration, expression)                \
  auto result = (expression);                                                     \
  if (!result) return tl::unexpected<fletcher::Error>(std::move(result).error()); \
  declaration = std::move(*result)
