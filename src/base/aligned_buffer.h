// A fixed-size, 64-byte aligned block of memory for kernels.
#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <new>
#include <optional>

namespace fletcher {

/// Owns `size` values of a trivial type, aligned to a cache line; not initialised. Move-only.
template <typename T>
class AlignedBuffer {
 public:
  static constexpr size_t kAlignment = 64;

  AlignedBuffer() = default;
  /// nullopt if there is no memory for it.
  static std::optional<AlignedBuffer> allocate(size_t size) {
    if (size > std::numeric_limits<size_t>::max() / 2 / sizeof(T)) return std::nullopt;
    void* data = ::operator new[](size * sizeof(T), std::align_val_t{kAlignment}, std::nothrow);
    if (data == nullptr) return std::nullopt;
    return AlignedBuffer(static_cast<T*>(data), size);
  }

  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  size_t size() const { return size_; }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }

 private:
  AlignedBuffer(T* data, size_t size) : data_(data), size_(size) {}

  struct Free {
    void operator()(T* p) const { ::operator delete[](p, std::align_val_t{kAlignment}); }
  };
  std::unique_ptr<T[], Free> data_;
  size_t size_ = 0;
};

}  // namespace fletcher
