// Flags that several commands share, and what is made of them.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

#include "cli/failure.h"
#include "fletcher/engine.h"
#include "hub/hub.h"

namespace fletcher::cli {

/// Which model, and how it is computed.
struct ModelFlags {
  std::string model = "all-MiniLM-L6-v2";
  std::string device = "auto";
  size_t threads = 0;
  std::string precision = "fp32";
  std::string quantization = "none";
  std::string isa;
  std::string pooling;

  void add_to(CLI::App& app);
  /// For commands that have a --precision of their own.
  void add_without_precision_to(CLI::App& app);
};

/// How texts become tokens.
struct TextFlags {
  std::optional<std::string> prompt;
  std::optional<std::string> prompt_name;
  std::optional<size_t> max_length;
  std::string truncate;  // empty: as the model's tokenizer says

  void add_to(CLI::App& app);
  /// A request with these options and no inputs.
  EmbedRequest request() const;
};

/// Where the texts come from when they are not arguments.
struct InputFlags {
  std::string input;
  std::string column = "text";

  void add_to(CLI::App& app);
};

/// Whether to draw a progress bar.
struct ProgressFlags {
  bool progress = false;
  bool no_progress = false;

  void add_to(CLI::App& app);
  bool wanted() const;
};

/// The folder or file that a model's name means; pulled if it is nowhere here, with a progress bar.
Outcome<std::string> find_model(const std::string& name, const ProgressFlags& progress);

/// Finds a model and says how the flags want it loaded, --precision auto resolved by the model's accuracy records. A
/// flag that this build cannot serve is a usage error, the rest the model's fault.
Outcome<EngineOptions> engine_options(const ModelFlags& flags, const ProgressFlags& progress);

/// Loads what engine_options() gives; its errors, and the model's.
Outcome<std::unique_ptr<Engine>> load_engine(const ModelFlags& flags, const ProgressFlags& progress);

/// Asks the engine for the vector of an empty text, so that an option that no text can satisfy is a usage error and not
/// blamed on the first line of the input.
Outcome<void> check_request(Engine& engine, const EmbedRequest& request);

/// The exit code for an error about one input: the input's fault, the model's, or nobody's.
ExitCode exit_code_of_item(Code code);

}  // namespace fletcher::cli
