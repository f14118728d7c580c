// Standard output, written so that a full disk or a closed pipe is noticed.
#pragma once

#include <string_view>

#include "cli/failure.h"

namespace fletcher::cli {

/// Writes all of `text` to standard output. A closed pipe is a quiet failure.
Outcome<void> print(std::string_view text);

/// True if standard output is a pipe that nobody reads any more.
bool stdout_is_abandoned();

/// True if standard output, input or error is a terminal.
bool stdout_is_terminal();
bool stdin_is_terminal();
bool stderr_is_terminal();

}  // namespace fletcher::cli
