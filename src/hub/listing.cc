#include "hub/listing.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/json.h"
#include "hub/names.h"

namespace fletcher::hub {
namespace {

constexpr std::array<std::string_view, 4> kTopSuffixes = {".json", ".txt", ".model", ".safetensors"};
constexpr std::array<std::string_view, 3> kModuleSuffixes = {".json", ".txt", ".safetensors"};
constexpr std::array<std::string_view, 7> kForeignWeights = {".bin",  ".gguf", ".h5",  ".msgpack",
                                                             ".onnx", ".pt",   ".ckpt"};

template <size_t N>
bool has_suffix(std::string_view name, const std::array<std::string_view, N>& suffixes) {
  return std::ranges::any_of(suffixes, [&](std::string_view suffix) { return name.ends_with(suffix); });
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Folders that sentence-transformers writes: "1_Pooling", and "query_0_Transformer" of a Router.
bool is_module_folder(std::string_view folder) {
  if (folder.starts_with("query_")) folder.remove_prefix(6);
  if (folder.starts_with("document_")) folder.remove_prefix(9);
  const size_t digits = static_cast<size_t>(std::ranges::find_if_not(folder, is_digit) - folder.begin());
  return digits > 0 && digits < folder.size() && folder[digits] == '_';
}

uint64_t whole_number(const Json& object, std::string_view key) { return object.required_uint(key).value_or(0); }

std::string text_or_empty(const Json& object, std::string_view key) {
  const std::string* text = object[key].as_string();
  return text != nullptr ? *text : std::string();
}

HubFile parse_file(const Json& sibling) {
  HubFile file;
  file.name = text_or_empty(sibling, "rfilename");
  file.size = whole_number(sibling, "size");
  const Json& lfs = sibling["lfs"];
  if (lfs.as_object() != nullptr) {
    file.checksum = parse_checksum(text_or_empty(lfs, "sha256"));
    if (file.size == 0) file.size = whole_number(lfs, "size");
  } else {
    file.checksum = parse_checksum(text_or_empty(sibling, "blobId"));
  }
  return file;
}

}  // namespace

Result<Listing> parse_listing(std::string_view json, std::string_view where) {
  FLETCHER_TRY_ASSIGN(const Json root, Json::parse(json, where));
  const Json::Array* siblings = root["siblings"].as_array();
  if (siblings == nullptr) return data_loss(std::string(where) + ": no \"siblings\" array, wanted a model's files");
  Listing listing;
  if (std::string sha = text_or_empty(root, "sha"); is_commit(sha)) listing.commit = std::move(sha);
  for (const Json& sibling : *siblings) {
    HubFile file = parse_file(sibling);
    if (file.name.empty()) return data_loss(std::string(where) + ": a file without \"rfilename\"");
    listing.files.push_back(std::move(file));
  }
  return listing;
}

bool is_engine_file(std::string_view name) {
  const size_t slash = name.find('/');
  // Mistral's own format repeats the weights under other tensor names.
  if (slash == std::string_view::npos) return has_suffix(name, kTopSuffixes) && !name.starts_with("consolidated");
  const std::string_view rest = name.substr(slash + 1);
  return is_module_folder(name.substr(0, slash)) && rest.find('/') == std::string_view::npos &&
         has_suffix(rest, kModuleSuffixes);
}

Result<std::vector<HubFile>> select_engine_files(const Listing& listing, std::string_view model) {
  std::vector<HubFile> selected, weights;
  std::set<std::string_view> seen;
  std::string_view foreign;
  for (const HubFile& file : listing.files) {
    // Before the filter: a name like "../config.json" shows that this hub is not to be trusted with anything.
    if (has_suffix(file.name, kTopSuffixes)) FLETCHER_TRY(check_file_name(file.name));
    if (is_engine_file(file.name) && seen.insert(file.name).second) {
      (file.name.ends_with(".safetensors") ? weights : selected).push_back(file);
    }
    if (foreign.empty() && has_suffix(file.name, kForeignWeights)) foreign = file.name;
  }
  if (selected.empty() && weights.empty()) {
    return failed_precondition(std::string(model) + ": none of its " + std::to_string(listing.files.size()) +
                               " files is of use, wanted config.json, a tokenizer and model.safetensors");
  }
  if (!foreign.empty() && weights.empty()) {
    return failed_precondition(std::string(model) + ": has weights only in other formats (" + printable(foreign) +
                               "), wanted *.safetensors; a converted copy can be given as a folder");
  }
  selected.insert(selected.end(), weights.begin(), weights.end());
  return selected;
}

}  // namespace fletcher::hub
