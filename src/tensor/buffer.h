// Memory of one device, opaque to everyone but its backend.
#pragma once

#include <cstddef>

namespace fletcher {

/// Owns bytes on some device. There is no pointer to them here: a WebGPU buffer has none. A backend downcasts its own.
class Buffer {
 public:
  virtual ~Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  size_t size_bytes() const { return size_bytes_; }

 protected:
  explicit Buffer(size_t size_bytes) : size_bytes_(size_bytes) {}

 private:
  size_t size_bytes_;
};

}  // namespace fletcher
