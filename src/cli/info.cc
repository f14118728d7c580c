// fletcher info: what is known of a model, or of the processor.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backend/registry.h"
#include "base/cpu_features.h"
#include "base/json_writer.h"
#include "base/thread_pool.h"
#include "cli/accuracy.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/terminal.h"

namespace fletcher::cli {
namespace {

using Records = std::vector<verify::AccuracyRecord>;

struct InfoFlags {
  ModelFlags model;
  ProgressFlags progress;
  bool cpu = false;
  bool json = false;
};

struct Feature {
  const char* name;
  bool present;
};

std::vector<Feature> cpu_features() {
  const CpuFeatures features = detect_cpu_features();
  return {{"avx2", features.avx2_fma},
          {"avx_vnni", features.avx_vnni},
          {"avx512", features.avx512},
          {"avx512_vnni", features.avx512_vnni},
          {"avx512_bf16", features.avx512_bf16},
          {"amx_bf16", features.amx_bf16},
          {"amx_int8", features.amx_int8},
          {"neon", features.neon},
          {"neon_dotprod", features.neon_dotprod}};
}

Outcome<void> print_cpu(const InfoFlags& flags) {
  ThreadPool pool(1);
  FLETCHER_CLI_TRY_ASSIGN(
      const auto backend,
      blame(ExitCode::model, make_backend({.device = flags.model.device, .isa = flags.model.isa, .pool = &pool})));
  const std::string chosen(backend->instruction_set());
  if (flags.json) {
    JsonWriter json;
    json.begin_object().key("model").value(cpu_model_name()).key("threads").value(usable_threads());
    json.key("instruction_sets").begin_object();
    for (const Feature& feature : cpu_features()) json.key(feature.name).value(feature.present);
    json.end_object().key("chosen").value(chosen).end_object();
    return print(json.str() + "\n");
  }
  Table table({Table::Align::left, Table::Align::left});
  table.add_row({"processor", cpu_model_name()});
  table.add_row({"threads", std::to_string(usable_threads())});
  for (const Feature& feature : cpu_features()) table.add_row({feature.name, feature.present ? "yes" : "no"});
  table.add_row({"chosen", chosen});
  return print(table.str());
}

std::string to_json(const ModelInfo& info, const std::string& fingerprint, const Records& records) {
  JsonWriter json;
  json.begin_object().key("name").value(info.name).key("path").value(info.path);
  json.key("architecture").value(info.architecture).key("device").value(info.device);
  json.key("precision").value(info.precision).key("weights_dtype").value(info.weights_dtype);
  json.key("parameters").value(info.parameters).key("hidden_size").value(info.hidden_size);
  json.key("num_hidden_layers").value(info.num_hidden_layers).key("dimensions").value(info.dimensions);
  json.key("max_length").value(info.max_length).key("vocab_size").value(info.vocab_size);
  json.key("pooling").value(info.pooling).key("normalize").value(info.normalize);
  json.key("classifier").value(info.classifier).key("score_activation").value(info.score_activation);
  json.key("labels").begin_array();
  for (const std::string& label : info.labels) json.value(label);
  json.end_array().key("prompts").begin_object();
  for (const auto& [name, prompt] : info.prompts) json.key(name).value(prompt);
  json.end_object().key("default_prompt_name").value(info.default_prompt_name);
  json.key("weight_bytes").value(info.weight_bytes).key("workspace_bytes").value(info.workspace_bytes);
  json.key("flops_per_token").value(info.flops_per_token);
  json.key("flops_per_token_pair").value(info.flops_per_token_pair);
  json.key("fingerprint").value(fingerprint).key("accuracy").begin_array();
  for (const verify::AccuracyRecord& record : records) verify::write_record(json, record);
  json.end_array().end_object();
  return json.str() + "\n";
}

std::string to_table(const ModelInfo& info, const std::string& fingerprint, const Records& records) {
  Table table({Table::Align::left, Table::Align::left});
  table.add_row({"name", info.name});
  table.add_row({"path", info.path});
  table.add_row({"architecture", info.architecture});
  table.add_row({"parameters", with_thousands(info.parameters) + " stored as " + info.weights_dtype});
  table.add_row({"layers", std::to_string(info.num_hidden_layers) + " of " + std::to_string(info.hidden_size)});
  table.add_row({"vocabulary", with_thousands(info.vocab_size)});
  table.add_row({"max length", with_thousands(info.max_length) + " tokens"});
  if (info.classifier) {
    std::string labels;
    for (const std::string& label : info.labels) labels += (labels.empty() ? "" : ", ") + label;
    table.add_row({"scores", labels + " (" + info.score_activation + ")"});
  } else {
    table.add_row({"dimensions", std::to_string(info.dimensions)});
    table.add_row({"pooling", info.pooling + (info.normalize ? ", normalised" : "")});
  }
  for (const auto& [name, prompt] : info.prompts) {
    const bool is_default = name == info.default_prompt_name;
    table.add_row({"prompt " + name, "\"" + fit_to_width(prompt, 100) + "\"" + (is_default ? " (default)" : "")});
  }
  table.add_row({"device", info.device + ", " + info.precision});
  table.add_row(
      {"memory", human_bytes(info.weight_bytes) + " weights, " + human_bytes(info.workspace_bytes) + " activations"});
  table.add_row({"fingerprint", fingerprint});
  if (records.empty()) table.add_row({"accuracy", "no record: see fletcher verify"});
  return table.str() + (records.empty() ? "" : "\n" + accuracy_table(records));
}

Outcome<void> run_info(InfoFlags flags, const std::vector<std::string>& arguments) {
  if (arguments.size() > 1) {
    return fail(ExitCode::usage, std::to_string(arguments.size()) + " models, wanted one");
  }
  if (flags.cpu) return print_cpu(flags);
  if (!arguments.empty()) flags.model.model = arguments[0];
  FLETCHER_CLI_TRY_ASSIGN(const auto engine, load_engine(flags.model, flags.progress));
  FLETCHER_CLI_TRY_ASSIGN(const std::string fingerprint, blame(ExitCode::model, engine->fingerprint()));
  Records records = record_store().load(fingerprint);
  std::erase_if(records, [&](const auto& record) { return record.key.pooling != flags.model.pooling; });
  const ModelInfo& info = engine->info();
  return print(flags.json ? to_json(info, fingerprint, records) : to_table(info, fingerprint, records));
}

}  // namespace

Command make_info_command(CLI::App& root) {
  CLI::App& app = add_command(root, "info", "Describe a model, or the processor", "[FLAGS] [MODEL]");
  const auto flags = std::make_shared<InfoFlags>();
  app.add_flag("--cpu", flags->cpu, "Instruction sets of this processor, and the one chosen")->group("Output");
  app.add_flag("--json", flags->json, "Print an object")->group("Output");
  flags->progress.add_to(app);
  flags->model.add_to(app);
  return {&app, [flags](const auto& arguments) { return run_info(*flags, arguments); }};
}

}  // namespace fletcher::cli
