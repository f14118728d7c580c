#include "cli/flags.h"

#include <algorithm>
#include <stop_token>
#include <string_view>
#include <utility>

#include "backend/registry.h"
#include "cli/accuracy.h"
#include "cli/output.h"
#include "cli/progress.h"

namespace fletcher::cli {
namespace {

constexpr size_t kMostThreads = 4096;

Outcome<void> check_availability(const ModelFlags& flags) {
  if (flags.quantization != "none") {
    return fail(ExitCode::usage, "--quantization " + flags.quantization + " is not available in this build: none");
  }
  if (const auto devices = device_names(); std::ranges::find(devices, flags.device) == devices.end()) {
    std::string available;
    for (const std::string_view name : devices) {
      if (name != "reference") available += (available.empty() ? "" : ", ") + std::string(name);
    }
    return fail(ExitCode::usage, "--device " + flags.device + " is not available in this build: " + available);
  }
  // Every device has fp32: it need not be asked, which may take long for one that has to be opened.
  if (flags.isa.empty() && (flags.precision == "auto" || flags.precision == "fp32")) return {};
  FLETCHER_CLI_TRY_ASSIGN(const DeviceInfo device, blame(flags.isa.empty() ? ExitCode::model : ExitCode::usage,
                                                         Engine::describe_device(flags.device, flags.isa)));
  return flags.precision == "auto" ? Outcome<void>() : check_precision(flags.precision, device);
}

}  // namespace

void ModelFlags::add_to(CLI::App& app) {
  add_without_precision_to(app);
  app.add_option("--precision", precision,
                 "Arithmetic: fp32, bf16, fp16, int8, or auto, as accuracy records say [fp32]")
      ->group("Model")
      ->option_text("NAME")
      ->check(CLI::IsMember({"auto", "fp32", "bf16", "fp16", "int8"}));
}

void ModelFlags::add_without_precision_to(CLI::App& app) {
  const std::string group = "Model";
  app.add_option("-m,--model", model, "Folder, file, or name looked up in the caches, then pulled [" + model + "]")
      ->group(group)
      ->option_text("NAME|DIR");
  app.add_option("--device", device, "auto, cpu, cuda or webgpu [auto]")
      ->group(group)
      ->option_text("NAME")
      ->check(CLI::IsMember({"auto", "cpu", "cuda", "webgpu", "reference"}));
  app.add_option("--threads", threads, "Threads that compute [as many as affinity and cgroup allow]")
      ->group(group)
      ->option_text("N")
      ->check(CLI::Range(size_t{0}, kMostThreads));
  app.add_option("--quantization", quantization, "How weights are stored: none, int8 or int4 [none]")
      ->group(group)
      ->option_text("NAME")
      ->check(CLI::IsMember({"none", "int8", "int4"}));
  app.add_option("--isa", isa, "Instruction set of the cpu [the best; see info --cpu]")
      ->group(group)
      ->option_text("NAME")
      ->check(CLI::IsMember(
          {"", "scalar", "avx2", "avx2_vnni", "avx512", "avx512_vnni", "avx512_bf16", "amx", "neon", "neon_dotprod"}));
  app.add_option("--pooling", pooling, "cls, mean, max, mean_sqrt_len, weightedmean or lasttoken [the model's]")
      ->group(group)
      ->option_text("NAME")
      ->check(CLI::IsMember({"", "cls", "mean", "max", "mean_sqrt_len", "weightedmean", "lasttoken"}));
}

void TextFlags::add_to(CLI::App& app) {
  const std::string group = "Texts";
  CLI::Option* by_text = app.add_option("--prompt", prompt, "Put before every text")->group(group)->option_text("TEXT");
  app.add_option("--prompt-name", prompt_name, "One of the model's prompts [the model's default]")
      ->group(group)
      ->option_text("NAME")
      ->excludes(by_text);
  app.add_option("--max-length", max_length, "Tokens of a text, special ones included [the model's]")
      ->group(group)
      ->option_text("N")
      ->check(CLI::PositiveNumber);
  app.add_option("--truncate", truncate, "Which end a long text loses, or error: right, left, error [the model's]")
      ->group(group)
      ->option_text("SIDE")
      ->check(CLI::IsMember({"right", "left", "error"}));
}

EmbedRequest TextFlags::request() const {
  EmbedRequest request;
  request.prompt = prompt;
  request.prompt_name = prompt_name;
  request.max_length = max_length;
  if (truncate == "right") request.truncation = Truncation::right;
  if (truncate == "left") request.truncation = Truncation::left;
  if (truncate == "error") request.truncation = Truncation::error;
  request.lane = Lane::bulk;
  return request;
}

void InputFlags::add_to(CLI::App& app) {
  const std::string group = "Input";
  app.add_option("-i,--input", input, "File of texts (.txt, .jsonl, .csv), or - for lines of standard input")
      ->group(group)
      ->option_text("FILE|-");
  app.add_option("--column", column, "Field or column that holds the text [text]")->group(group)->option_text("NAME");
}

void ProgressFlags::add_to(CLI::App& app) {
  CLI::Option* on =
      app.add_flag("--progress", progress, "Report progress even if stderr is no terminal")->group("Output");
  app.add_flag("--no-progress", no_progress, "No progress bar")->group("Output")->excludes(on);
}

bool ProgressFlags::wanted() const { return !no_progress && (progress || stderr_is_terminal()); }

Outcome<std::string> find_model(const std::string& name, const ProgressFlags& progress) {
  ProgressBar bar("pull", progress.wanted(), ProgressUnit::bytes);
  const auto draw = [&](const hub::Progress& state) { bar.update(state.done_bytes, state.total_bytes); };
  auto found = hub::resolve(name, hub::options_from_environment(), draw, std::stop_token());
  bar.finish();
  return blame(ExitCode::model, std::move(found));
}

Outcome<EngineOptions> engine_options(const ModelFlags& flags, const ProgressFlags& progress) {
  FLETCHER_CLI_TRY(check_availability(flags));
  EngineOptions options;
  FLETCHER_CLI_TRY_ASSIGN(options.model_path, find_model(flags.model, progress));
  options.device = flags.device;
  options.isa = flags.isa;
  options.threads = flags.threads;
  options.precision = flags.precision;
  options.pooling = flags.pooling;
  if (flags.precision == "auto") {
    FLETCHER_CLI_TRY_ASSIGN(options.precision, blame(ExitCode::model, precision_by_records(options)));
  }
  return options;
}

Outcome<std::unique_ptr<Engine>> load_engine(const ModelFlags& flags, const ProgressFlags& progress) {
  FLETCHER_CLI_TRY_ASSIGN(const EngineOptions options, engine_options(flags, progress));
  return blame(ExitCode::model, Engine::load(options));
}

Outcome<void> check_request(Engine& engine, const EmbedRequest& request) {
  EmbedRequest probe = request;
  probe.inputs = {engine.info().classifier ? Input(TextPair{}) : Input(std::string())};
  const auto items = engine.embed(std::move(probe));
  if (items[0]) return {};
  const Error& error = items[0].error();
  return fail(error.code == Code::invalid_argument ? ExitCode::usage : ExitCode::model, error.message);
}

ExitCode exit_code_of_item(Code code) {
  if (code == Code::invalid_argument || code == Code::out_of_range) return ExitCode::input;
  if (code == Code::failed_precondition || code == Code::unimplemented) return ExitCode::model;
  return ExitCode::other;
}

}  // namespace fletcher::cli
