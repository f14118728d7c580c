#include "weights/safetensors.h"

#include <simdjson.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/file.h"
#include "base/json.h"

namespace fletcher {
namespace {

constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the reference implementation's own limit

struct Entry {
  std::string name;
  TensorInfo tensor;
  uint64_t begin = 0;
  uint64_t end = 0;
};

/// Errors of one tensor, or of the header where `tensor` is empty.
struct Complaint {
  const std::string& file;
  std::string tensor;
  tl::unexpected<Error> operator()(std::string what) const {
    return data_loss(file + ": " + (tensor.empty() ? "header" : "tensor " + tensor) + ": " + std::move(what));
  }
};

Result<uint64_t> header_length(std::span<const std::byte> bytes, const std::string& file) {
  uint64_t length = 0;
  if (bytes.size() < sizeof length) {
    return data_loss(file + ": " + std::to_string(bytes.size()) + " bytes, wanted a safetensors file of at least 10");
  }
  for (size_t i = 0; i < sizeof length; ++i) length |= static_cast<uint64_t>(bytes[i]) << 8 * i;
  if (length > kMaxHeaderBytes) {
    return data_loss(file + ": header of " + std::to_string(length) + " bytes, wanted at most " +
                     std::to_string(kMaxHeaderBytes));
  }
  if (length > bytes.size() - sizeof length) {
    return data_loss(file + ": header of " + std::to_string(length) + " bytes runs past the end of a file of " +
                     std::to_string(bytes.size()));
  }
  return length;
}

Result<std::vector<uint64_t>> read_numbers(simdjson::dom::element element, const char* field,
                                           const Complaint& complain) {
  simdjson::dom::array array;
  if (element.get(array) != simdjson::SUCCESS) return complain(std::string(field) + " is no array");
  std::vector<uint64_t> numbers;
  for (const simdjson::dom::element value : array) {
    uint64_t number = 0;
    if (value.get(number) != simdjson::SUCCESS) {
      return complain(std::string(field) + " holds something else than whole numbers from 0 to 2^64-1");
    }
    numbers.push_back(number);
  }
  return numbers;
}

/// Bytes that a tensor of this shape has, or an overflow.
Result<uint64_t> byte_size(const TensorInfo& tensor, const Complaint& complain) {
  uint64_t size = dtype_size(tensor.dtype);
  for (const uint64_t extent : tensor.shape) {
    if (__builtin_mul_overflow(size, extent, &size)) return complain("its shape overflows 64 bits");
  }
  return size;
}

Result<Entry> read_entry(std::string_view name, simdjson::dom::element value, const std::string& file) {
  const Complaint complain{file, std::string(name)};
  simdjson::dom::object object;
  if (value.get(object) != simdjson::SUCCESS) return complain("is no object");
  Entry entry{.name = std::string(name)};
  bool has_dtype = false, has_shape = false, has_offsets = false;
  for (const auto [key, field] : object) {
    if (key == "dtype") {
      std::string_view spelling;
      if (field.get(spelling) != simdjson::SUCCESS) return complain("dtype is no string");
      const auto dtype = dtype_from_name(spelling);
      if (!dtype) return complain("unknown dtype \"" + std::string(spelling) + "\"");
      if (std::exchange(has_dtype, true)) return complain("dtype twice");
      entry.tensor.dtype = *dtype;
    } else if (key == "shape") {
      if (std::exchange(has_shape, true)) return complain("shape twice");
      FLETCHER_TRY_ASSIGN(entry.tensor.shape, read_numbers(field, "shape", complain));
    } else if (key == "data_offsets") {
      if (std::exchange(has_offsets, true)) return complain("data_offsets twice");
      FLETCHER_TRY_ASSIGN(const std::vector<uint64_t> offsets, read_numbers(field, "data_offsets", complain));
      if (offsets.size() != 2)
        return complain("data_offsets of " + std::to_string(offsets.size()) + " numbers, wanted 2");
      entry.begin = offsets[0];
      entry.end = offsets[1];
    } else {
      return complain("unknown field \"" + std::string(key) + "\"");
    }
  }
  if (!has_dtype || !has_shape || !has_offsets) return complain("wanted dtype, shape and data_offsets");
  if (entry.begin > entry.end) {
    return complain("begins at " + std::to_string(entry.begin) + ", after its end at " + std::to_string(entry.end));
  }
  FLETCHER_TRY_ASSIGN(const uint64_t size, byte_size(entry.tensor, complain));
  if (entry.end - entry.begin != size) {
    return complain(std::to_string(entry.end - entry.begin) + " bytes, but its shape and dtype ask for " +
                    std::to_string(size));
  }
  return entry;
}

Result<void> check_metadata(simdjson::dom::element value, const std::string& file) {
  const Complaint complain{file, "__metadata__"};
  simdjson::dom::object object;
  if (value.get(object) != simdjson::SUCCESS) return complain("is no object");
  for (const auto [key, field] : object) {
    if (!field.is_string()) return complain("\"" + std::string(key) + "\" is no string");
  }
  return {};
}

Result<std::vector<Entry>> read_header(std::string_view header, const std::string& file) {
  const Complaint complain{file, ""};
  if (!header.starts_with('{')) return complain("does not start with '{'");
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (const auto error = parser.parse(header.data(), header.size()).get(root); error != simdjson::SUCCESS) {
    return complain(std::string("not well-formed JSON: ") + simdjson::error_message(error));
  }
  simdjson::dom::object tensors;
  if (root.get(tensors) != simdjson::SUCCESS) return complain("is no object");
  std::vector<Entry> entries;
  for (const auto [name, value] : tensors) {
    if (name == "__metadata__") {
      FLETCHER_TRY(check_metadata(value, file));
      continue;
    }
    FLETCHER_TRY_ASSIGN(Entry entry, read_entry(name, value, file));
    entries.push_back(std::move(entry));
  }
  return entries;
}

/// The data must be covered exactly once: no overlap, no hole, nothing left over.
Result<void> check_coverage(std::vector<Entry>& entries, uint64_t data_bytes, const std::string& file) {
  // std::tie, not a stable sort: libstdc++ 12's uses what Clang 19 reports as deprecated.
  std::ranges::sort(entries, [](const Entry& a, const Entry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  uint64_t covered = 0;
  for (const Entry& entry : entries) {
    const Complaint complain{file, entry.name};
    if (entry.end > data_bytes) {
      return complain("ends at byte " + std::to_string(entry.end) + " of " + std::to_string(data_bytes));
    }
    if (entry.begin < covered) return complain("overlaps the tensor before it");
    if (entry.begin > covered)
      return complain("leaves a hole of " + std::to_string(entry.begin - covered) + " bytes before it");
    covered = entry.end;
  }
  if (covered != data_bytes) {
    return data_loss(file + ": " + std::to_string(data_bytes - covered) + " bytes after the last tensor");
  }
  return {};
}

class SafetensorsFile final : public TensorFile {
 public:
  struct Shard {
    std::unique_ptr<MappedFile> file;
    TensorMap tensors;
  };
  explicit SafetensorsFile(std::vector<Shard> shards) : shards_(std::move(shards)) {}

  const TensorInfo* find(std::string_view name) const override {
    for (const Shard& shard : shards_) {
      if (const auto found = shard.tensors.find(name); found != shard.tensors.end()) return &found->second;
    }
    return nullptr;
  }
  std::vector<std::string_view> names() const override {
    std::vector<std::string_view> all;
    for (const Shard& shard : shards_) {
      for (const auto& entry : shard.tensors) all.push_back(entry.first);
    }
    std::ranges::sort(all);
    return all;
  }
  void release(const TensorInfo& tensor) const override {
    if (!shards_.empty()) shards_[0].file->release(tensor.data);
  }

 private:
  std::vector<Shard> shards_;
};

Result<SafetensorsFile::Shard> open_shard(const std::string& path) {
  SafetensorsFile::Shard shard;
  FLETCHER_TRY_ASSIGN(shard.file, MappedFile::open(path));
  FLETCHER_TRY_ASSIGN(shard.tensors, parse_safetensors(shard.file->bytes(), path));
  return shard;
}

}  // namespace

Result<TensorMap> parse_safetensors(std::span<const std::byte> bytes, const std::string& file) {
  FLETCHER_TRY_ASSIGN(const uint64_t length, header_length(bytes, file));
  const std::string_view header(reinterpret_cast<const char*>(bytes.data()) + sizeof length, length);
  const std::span<const std::byte> data = bytes.subspan(sizeof length + length);
  FLETCHER_TRY_ASSIGN(std::vector<Entry> entries, read_header(header, file));
  FLETCHER_TRY(check_coverage(entries, data.size(), file));
  TensorMap tensors;
  for (Entry& entry : entries) {
    entry.tensor.data = data.subspan(entry.begin, entry.end - entry.begin);
    if (!tensors.emplace(entry.name, std::move(entry.tensor)).second) {
      return data_loss(file + ": tensor " + entry.name + ": named twice");
    }
  }
  return tensors;
}

Result<std::unique_ptr<TensorFile>> open_safetensors(const std::string& path) {
  std::vector<SafetensorsFile::Shard> shards;
  FLETCHER_TRY_ASSIGN(SafetensorsFile::Shard shard, open_shard(path));
  shards.push_back(std::move(shard));
  return std::make_unique<SafetensorsFile>(std::move(shards));
}

Result<std::unique_ptr<TensorFile>> open_safetensors_index(const std::string& path) {
  FLETCHER_TRY_ASSIGN(const Json index, Json::load(path));
  const Json::Object* weight_map = index["weight_map"].as_object();
  if (weight_map == nullptr || weight_map->empty()) {
    return data_loss(path + ": \"weight_map\": " + index["weight_map"].describe() + ", wanted tensor names and files");
  }
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  std::vector<SafetensorsFile::Shard> shards;
  std::map<std::string, size_t> opened;
  for (const auto& [tensor, value] : *weight_map) {
    const std::string* name = value.as_string();
    if (name == nullptr || name->empty() || name->find('/') != std::string::npos || *name == ".." ||
        !name->ends_with(".safetensors")) {
      return data_loss(path + ": tensor " + tensor + ": file " + value.describe() +
                       ", wanted a .safetensors file beside the index");
    }
    if (!opened.contains(*name)) {
      FLETCHER_TRY_ASSIGN(SafetensorsFile::Shard shard, open_shard(folder + *name));
      opened[*name] = shards.size();
      shards.push_back(std::move(shard));
    }
    if (!shards[opened[*name]].tensors.contains(tensor)) {
      return data_loss(path + ": tensor " + tensor + " is not in " + *name);
    }
  }
  std::map<std::string_view, std::string_view> seen_in;
  for (const auto& [name, at] : opened) {
    for (const auto& entry : shards[at].tensors) {
      const auto [seen, is_new] = seen_in.emplace(entry.first, name);
      if (!is_new) {
        return data_loss(path + ": tensor " + entry.first + " is in " + std::string(seen->second) + " and in " + name);
      }
    }
  }
  return std::make_unique<SafetensorsFile>(std::move(shards));
}

}  // namespace fletcher
