#include "cli/command_line.h"

#include <cctype>

namespace fletcher::cli {
namespace {

/// How CLI11 spells the flag that is `name` without its dashes.
std::string spell(const std::string& name) { return (name.size() == 1 ? "-" : "--") + name; }

bool looks_like_flag(const std::string& argument) {
  if (argument.size() < 2 || argument[0] != '-') return false;
  return argument[1] == '-' || std::isalpha(static_cast<unsigned char>(argument[1])) != 0;
}

}  // namespace

SplitArguments split_arguments(const CLI::App& command, const std::vector<std::string>& arguments) {
  SplitArguments split;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--") {
      split.texts.insert(split.texts.end(), arguments.begin() + static_cast<ptrdiff_t>(i) + 1, arguments.end());
      break;
    }
    if (!looks_like_flag(argument)) {
      split.texts.push_back(argument);
      continue;
    }
    const size_t dashes = argument[1] == '-' ? 2 : 1;
    const size_t equals = argument.find('=');
    const std::string name = argument.substr(dashes, equals == std::string::npos ? equals : equals - dashes);
    const CLI::Option* option = name.empty() ? nullptr : command.get_option_no_throw(spell(name));
    if (option == nullptr) {  // a short flag with its value attached, or one that CLI11 will refuse by name
      split.flags.push_back(argument);
      continue;
    }
    const bool takes_value = option->get_items_expected_max() > 0;
    if (equals != std::string::npos && !takes_value) {
      split.flags.push_back("--" + argument.substr(dashes));  // CLI11 reads --json=false
      continue;
    }
    split.flags.push_back(spell(name));
    if (equals != std::string::npos) {
      split.flags.push_back(argument.substr(equals + 1));
    } else if (takes_value && i + 1 < arguments.size()) {
      split.flags.push_back(arguments[++i]);
    }
  }
  return split;
}

void add_environment_twins(CLI::App& command) {
  for (CLI::Option* option : command.get_options()) {
    if (option->get_lnames().empty() || option == command.get_help_ptr()) continue;
    std::string variable = "FLETCHER_";
    for (const char c : option->get_lnames().front()) {
      variable += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    option->envname(variable);
  }
}

CLI::App& add_command(CLI::App& root, const std::string& name, const std::string& description,
                      const std::string& arguments) {
  CLI::App* command = root.add_subcommand(name, description)->group("Commands");
  command->formatter(std::make_shared<HelpFormatter>(arguments));
  return *command;
}

HelpFormatter::HelpFormatter(std::string arguments) : arguments_(std::move(arguments)) { column_width(34); }

std::string HelpFormatter::make_usage(const CLI::App* app, std::string) const {
  const std::string name = app->get_parent() == nullptr ? "fletcher" : "fletcher " + app->get_name();
  return "\nUsage: " + name + " " + arguments_ + "\n\n";
}

std::string HelpFormatter::make_group(std::string group, bool is_positional,
                                      std::vector<const CLI::Option*> options) const {
  return CLI::Formatter::make_group(std::move(group), is_positional, std::move(options)).substr(1);  // a blank line
}

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
  if (option->get_items_expected_max() == 0) return "";
  return " " + (option->get_option_text().empty() ? option->get_type_name() : option->get_option_text());
}

}  // namespace fletcher::cli
