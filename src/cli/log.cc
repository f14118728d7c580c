#include "cli/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

namespace fletcher::cli {
namespace {

spdlog::logger& logger() {
  static spdlog::logger instance = [] {
    spdlog::logger made("fletcher", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made.set_pattern("%n: %l: %v");
    made.set_level(spdlog::level::warn);
    return made;
  }();
  return instance;
}

}  // namespace

bool set_log_level(std::string_view name) {
  for (const auto level : {spdlog::level::err, spdlog::level::warn, spdlog::level::info, spdlog::level::debug}) {
    const auto spelled = spdlog::level::to_string_view(level);
    if (name == std::string_view(spelled.data(), spelled.size()) || (level == spdlog::level::warn && name == "warn")) {
      logger().set_level(level);
      return true;
    }
  }
  return false;
}

void log_error(std::string_view message) { logger().error("{}", message); }
void log_warning(std::string_view message) { logger().warn("{}", message); }
void log_info(std::string_view message) { logger().info("{}", message); }

}  // namespace fletcher::cli
