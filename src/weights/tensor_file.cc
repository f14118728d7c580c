#include "weights/tensor_file.h"

#include <sys/stat.h>

#include "weights/safetensors.h"

namespace fletcher {
namespace {

bool is_file(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

bool is_folder(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace

Result<std::unique_ptr<TensorFile>> TensorFile::open(const std::string& path) {
  if (!is_folder(path)) return open_safetensors(path);
  if (is_file(path + "/model.safetensors")) return open_safetensors(path + "/model.safetensors");
  if (is_file(path + "/model.safetensors.index.json")) {
    return open_safetensors_index(path + "/model.safetensors.index.json");
  }
  for (const char* other : {"pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5", "flax_model.msgpack"}) {
    if (is_file(path + "/" + other)) {
      return not_found(path + ": only " + other + ", wanted model.safetensors or model.safetensors.index.json");
    }
  }
  return not_found(path + ": no weights, wanted model.safetensors or model.safetensors.index.json");
}

}  // namespace fletcher
