// Rows of vectors to a .jsonl or .npy file, or to standard output.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"

namespace fletcher {

enum class ElementType : uint8_t { f32, f16, i8, u8 };

/// Nothing stands under the final name before commit(); without it nothing is left. Not thread-safe.
class VectorWriter {
 public:
  struct Options {
    ElementType element_type = ElementType::f32;
    size_t dimensions = 0;  // of every row
  };
  /// The kind is told by the extension; "-" is JSON lines on standard output. A pipe or device (of any name,
  /// /dev/fd/N too) is written directly, JSON lines unless it is named .npy. Errors name the file: INVALID_ARGUMENT (a
  /// directory, an extension that is not known), NOT_FOUND (its folder), PERMISSION_DENIED, UNAVAILABLE.
  static Result<std::unique_ptr<VectorWriter>> create(const std::string& path, const Options& options);
  virtual ~VectorWriter() = default;

  /// Row `index` [dimensions]; rows come in order. RESOURCE_EXHAUSTED when the disk is full.
  virtual Result<void> write_row(size_t index, std::span<const float> row) = 0;
  /// The same for the other element types: the bytes of the row, little-endian.
  virtual Result<void> write_row(size_t index, std::span<const std::byte> row) = 0;
  /// Everything is on disk under the final name when this succeeds. Called once.
  virtual Result<void> commit() = 0;
};

}  // namespace fletcher
