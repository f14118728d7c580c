// fletcher models: what the caches hold.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/json_writer.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "hub/hub.h"

namespace fletcher::cli {
namespace {

std::string to_json(const std::vector<hub::CachedModel>& models) {
  JsonWriter json;
  json.begin_array();
  for (const hub::CachedModel& model : models) {
    json.begin_object().key("name").value(model.name).key("revision").value(model.revision);
    json.key("bytes").value(model.bytes).key("path").value(model.path);
    json.key("cache").value(model.hugging_face_cache ? "huggingface" : "fletcher").end_object();
  }
  json.end_array();
  return json.str() + "\n";
}

std::string to_table(const std::vector<hub::CachedModel>& models) {
  using Align = Table::Align;
  Table table({Align::left, Align::left, Align::right, Align::left});
  table.add_row({"NAME", "REVISION", "SIZE", "FOLDER"});
  for (const hub::CachedModel& model : models) {
    table.add_row({model.name, model.revision.substr(0, 12), human_bytes(model.bytes), model.path});
  }
  return table.str();
}

}  // namespace

Command make_models_command(CLI::App& root) {
  CLI::App& app = add_command(root, "models", "List the models in the caches", "[FLAGS]");
  const auto json = std::make_shared<bool>(false);
  app.add_flag("--json", *json, "Print an array of {\"name\",\"revision\",\"bytes\",\"path\",\"cache\"}")
      ->group("Output");
  app.footer("Looks into Fletcher's cache (FLETCHER_CACHE) and Hugging Face's (HF_HUB_CACHE, HF_HOME).");
  return {&app, [json](const std::vector<std::string>& arguments) -> Outcome<void> {
            if (!arguments.empty()) return fail(ExitCode::usage, "\"" + arguments[0] + "\": wanted no arguments");
            const auto models = hub::list_cached(hub::options_from_environment());
            return print(*json ? to_json(models) : to_table(models));
          }};
}

}  // namespace fletcher::cli
