// How a command fails: an exit code that says whose fault it was, and a message.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace fletcher::cli {

/// The exit codes of the program, a contract with scripts.
enum class ExitCode : int { ok = 0, other = 1, usage = 2, input = 3, model = 4, interrupted = 130 };

/// Why a command ended. `quiet`: nobody is left to read a message (a closed pipe).
struct Failure {
  ExitCode exit = ExitCode::other;
  std::string message;
  bool quiet = false;
};

template <typename T>
using Outcome = tl::expected<T, Failure>;

inline tl::unexpected<Failure> fail(ExitCode exit, std::string message) {
  return tl::unexpected<Failure>(Failure{exit, std::move(message)});
}

/// A Result as an Outcome: its error is the fault of what `exit` stands for.
template <typename T>
Outcome<T> blame(ExitCode exit, Result<T> result) {
  if (!result) return fail(exit, std::move(result).error().message);
  if constexpr (std::is_void_v<T>) {
    return {};
  } else {
    return std::move(*result);
  }
}

}  // namespace fletcher::cli

/// FLETCHER_TRY and FLETCHER_TRY_ASSIGN for Outcome.
#define FLETCHER_CLI_TRY(expression)                                                                           \
  do {                                                                                                         \
    auto&& fletcher_outcome = (expression);                                                                    \
    if (!fletcher_outcome) return tl::unexpected<fletcher::cli::Failure>(std::move(fletcher_outcome).error()); \
  } while (false)
#define FLETCHER_CLI_TRY_ASSIGN(declaration, expression) \
  FLETCHER_CLI_TRY_ASSIGN_INNER(FLETCHER_CONCAT(fletcher_outcome_, __LINE__), declaration, expression)
#define FLETCHER_CLI_TRY_ASSIGN_INNER(outcome, declaration, expression)                    \
  auto outcome = (expression);                                                             \
  if (!outcome) return tl::unexpected<fletcher::cli::Failure>(std::move(outcome).error()); \
  declaration = std::move(*outcome)
