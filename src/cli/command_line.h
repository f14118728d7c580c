// What CLI11 does not do: texts taken literally, single-dash spellings of long flags, environment twins, plain help.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "cli/failure.h"

namespace fletcher::cli {

/// A subcommand: its flags, and what runs once they are parsed. `texts` are the arguments that are no flags.
struct Command {
  CLI::App* app;
  std::function<Outcome<void>(const std::vector<std::string>& texts)> run;
};

/// The arguments of one subcommand, told apart.
struct SplitArguments {
  std::vector<std::string> flags;  // for CLI11: "--name", "value"
  std::vector<std::string> texts;
};

/// Takes the texts out of the arguments, because CLI11 would cut a text such as [a,b] at its comma. Long flags may have
/// one dash ("-quantization int8"); after "--" everything is text; "-" and "-5" are text.
SplitArguments split_arguments(const CLI::App& command, const std::vector<std::string>& arguments);

/// FLETCHER_MAX_LENGTH for --max-length: every flag can be set in the environment.
void add_environment_twins(CLI::App& command);

/// Adds a subcommand; `arguments` is how its usage line names what is no flag, such as "[TEXT...]".
CLI::App& add_command(CLI::App& root, const std::string& name, const std::string& description,
                      const std::string& arguments);

/// Help with its options in one column and without CLI11's decorations.
class HelpFormatter : public CLI::Formatter {
 public:
  explicit HelpFormatter(std::string arguments);
  std::string make_usage(const CLI::App* app, std::string name) const override;
  std::string make_group(std::string group, bool is_positional, std::vector<const CLI::Option*> options) const override;
  std::string make_option_opts(const CLI::Option* option) const override;

 private:
  std::string arguments_;
};

}  // namespace fletcher::cli
