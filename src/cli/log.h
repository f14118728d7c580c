// Messages for people on stderr; the one place where the program logs.
#pragma once

#include <string_view>

namespace fletcher::cli {

/// Sets the least level that is shown: error, warn, info or debug. False for another name.
bool set_log_level(std::string_view name);

void log_error(std::string_view message);
void log_warning(std::string_view message);
void log_info(std::string_view message);

}  // namespace fletcher::cli
