// The program: finds the subcommand, parses its flags, runs it, and turns its outcome into an exit code.
#include <exception>
#include <iostream>
#include <new>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/log.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "fletcher/version.h"

namespace fletcher::cli {
namespace {

constexpr const char* kFooter =
    "Every flag of a command can be set in the environment: --max-length is FLETCHER_MAX_LENGTH.\n"
    "Exit codes: 0 ok, 2 usage, 3 input, 4 model, 1 anything else. `fletcher COMMAND --help` says more.";

std::vector<Command> add_commands(CLI::App& root) {
  return {make_embed_command(root),    make_rerank_command(root), make_similarity_command(root),
          make_tokenize_command(root), make_pull_command(root),   make_models_command(root),
          make_info_command(root),     make_bench_command(root),  make_verify_command(root)};
}

int report(const Failure& failure) {
  if (!failure.quiet) log_error(failure.message);
  return static_cast<int>(failure.exit);
}

int report_usage(const std::string& message, const std::string& command) {
  log_error(message);
  log_error("see fletcher " + (command.empty() ? "" : command + " ") + "--help");
  return static_cast<int>(ExitCode::usage);
}

int print_or_report(const std::string& text) {
  const Outcome<void> printed = print(text);
  return printed ? 0 : report(printed.error());
}

int run_command(CLI::App& root, const Command& command, const std::vector<std::string>& arguments) {
  std::string log_level = "warn";
  command.app->add_option("--log-level", log_level, "error, warn, info or debug [warn]")
      ->group("Other")
      ->option_text("NAME")
      ->check(CLI::IsMember({"error", "warn", "info", "debug"}));
  command.app->set_help_flag("-h,--help", "Print this help")->group("Other");
  add_environment_twins(*command.app);
  const SplitArguments split = split_arguments(*command.app, arguments);
  try {
    // CLI11 takes its arguments last first.
    std::vector<std::string> reversed(split.flags.rbegin(), split.flags.rend());
    reversed.push_back(command.app->get_name());
    root.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    return print_or_report(command.app->help());
  } catch (const CLI::ParseError& error) {
    return report_usage(error.what(), command.app->get_name());
  }
  set_log_level(log_level);
  const Outcome<void> outcome = command.run(split.texts);
  if (outcome) return 0;
  if (outcome.error().exit == ExitCode::usage) return report_usage(outcome.error().message, command.app->get_name());
  return report(outcome.error());
}

int run(const std::vector<std::string>& arguments) {
  install_signal_handlers();
  CLI::App root("Text embedding and reranking.", "fletcher");
  root.formatter(std::make_shared<HelpFormatter>("COMMAND [FLAGS] [ARGUMENTS]"));
  root.footer(kFooter);
  root.require_subcommand(1);
  root.set_help_flag("-h,--help", "Print this help");
  root.add_flag_function("--version", nullptr, "Print the version");  // answered below, before CLI11 sees it
  const std::vector<Command> commands = add_commands(root);
  if (arguments.empty()) return report_usage("no command", "");
  const std::string& first = arguments.front();
  if (first == "--help" || first == "-h" || first == "help") return print_or_report(root.help());
  if (first == "--version" || first == "-version") return print_or_report("fletcher " FLETCHER_VERSION "\n");
  std::string known;
  for (const Command& command : commands) {
    if (command.app->get_name() == first) {
      return run_command(root, command, {arguments.begin() + 1, arguments.end()});
    }
    known += (known.empty() ? "" : ", ") + command.app->get_name();
  }
  return report_usage("unknown command \"" + first + "\", wanted one of " + known, "");
}

}  // namespace
}  // namespace fletcher::cli

int main(int argc, char** argv) {
  // Fletcher does not throw; this is for the standard library and CLI11.
  try {
    return fletcher::cli::run({argv + 1, argv + argc});
  } catch (const std::bad_alloc&) {
    fletcher::cli::log_error("out of memory");
  } catch (const std::exception& error) {
    fletcher::cli::log_error(error.what());
  }
  return static_cast<int>(fletcher::cli::ExitCode::other);
}
