// Ctrl-C and its kin: leave no temporary file and no half-drawn line behind.
#pragma once

namespace fletcher::cli {

/// SIGINT, SIGTERM and SIGHUP remove the temporary files of unfinished outputs and end the process with 128 + signal;
/// SIGPIPE becomes an error of the write that caused it.
void install_signal_handlers();

}  // namespace fletcher::cli
