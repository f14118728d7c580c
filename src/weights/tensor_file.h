// Weights by name, whatever the file format. Trusts nothing in the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tensor/dtype.h"

namespace fletcher {

/// One stored tensor. `data` points into the mapped file and need not be aligned; it lives as long as its TensorFile.
struct TensorInfo {
  DType dtype = DType::f32;
  std::vector<uint64_t> shape;
  std::span<const std::byte> data;  // exactly product(shape) · dtype_size bytes
};

/// Immutable after open, thread-safe.
class TensorFile {
 public:
  virtual ~TensorFile() = default;

  /// `path`: a model folder (model.safetensors, or model.safetensors.index.json and its shards) or one .safetensors
  /// file. NOT_FOUND if there are no weights; DATA_LOSS naming file and tensor for a file that breaks its format.
  static Result<std::unique_ptr<TensorFile>> open(const std::string& path);

  /// Null if there is no such tensor.
  virtual const TensorInfo* find(std::string_view name) const = 0;
  /// All names, sorted.
  virtual std::vector<std::string_view> names() const = 0;
  /// Tells the kernel that this tensor's pages are not needed soon; reading them again works.
  virtual void release(const TensorInfo& tensor) const = 0;
};

}  // namespace fletcher
