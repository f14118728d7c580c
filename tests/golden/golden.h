// What the golden tests of models share: the values of a file, and the devices that this machine can run them on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "fletcher/engine.h"

namespace fletcher::golden {

/// A device, its instruction set ("" where there is no choice) and the precisions it has, fp32 first.
struct Target {
  std::string device;
  std::string isa;
  std::vector<std::string> precisions;
};

/// Every instruction set of the cpu that this machine can run; a NOT RUN line for each of the others.
std::vector<Target> cpu_targets();
/// The reference, cpu_targets() and the other devices of build and machine.
std::vector<Target> all_targets();

/// A model folder, the file of Hugging Face's values for it, and a name for messages.
struct Case {
  std::string name;
  std::string folder;
  std::string file;
};

/// tests/data/models/tiny/NAME.
Case tiny_case(const std::string& name);
/// The model that FLETCHER_MINILM names; nullopt, with a NOT RUN line about `what`, if it names no folder.
std::optional<Case> minilm_case(const std::string& what);

/// The items of a golden file: what to ask for, and what Hugging Face's own code gave.
struct Values {
  EmbedRequest request;
  std::vector<std::vector<double>> wanted;  // a vector or logits for each input
  std::vector<size_t> tokens;               // of each input
  bool classify = false;
  bool normalized = true;
};

/// Fails the test and returns no items if the file cannot be read.
Values load_values(const std::string& file);

/// A text of a golden file: itself, or what is repeated.
std::string text_of(const Json& text);
std::vector<double> numbers(const Json& json);

}  // namespace fletcher::golden
