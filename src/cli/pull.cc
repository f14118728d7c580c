// fletcher pull: a model from the hub into the cache.
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "hub/hub.h"

namespace fletcher::cli {
namespace {

struct PullFlags {
  ProgressFlags progress;
  std::string revision;
};

Outcome<void> run_pull(const PullFlags& flags, const std::vector<std::string>& arguments) {
  if (arguments.size() != 1) {
    return fail(ExitCode::usage, std::to_string(arguments.size()) + " names, wanted one: NAME or NAME@REVISION");
  }
  const std::string& name = arguments[0];
  if (!flags.revision.empty() && name.find('@') != std::string::npos) {
    return fail(ExitCode::usage, name + " and --revision " + flags.revision + ": wanted one of the two");
  }
  ProgressBar bar("pull " + name, flags.progress.wanted(), ProgressUnit::bytes);
  const auto draw = [&](const hub::Progress& state) { bar.update(state.done_bytes, state.total_bytes); };
  auto folder = hub::pull(name, flags.revision, hub::options_from_environment(), draw, std::stop_token());
  bar.finish();
  if (!folder) return fail(ExitCode::model, folder.error().message);
  return print(*folder + "\n");
}

}  // namespace

Command make_pull_command(CLI::App& root) {
  CLI::App& app = add_command(root, "pull", "Download a model from the hub", "[FLAGS] NAME[@REVISION]");
  const auto flags = std::make_shared<PullFlags>();
  app.add_option("--revision", flags->revision, "Branch, tag or commit [main]")->group("Model")->option_text("NAME");
  flags->progress.add_to(app);
  app.footer(
      "Prints the folder. Reads HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE and FLETCHER_CACHE. A download that was cut off\n"
      "goes on where it stopped.");
  return {&app, [flags](const auto& arguments) { return run_pull(*flags, arguments); }};
}

}  // namespace fletcher::cli
