// A fixed-size, 64-byte aligned block of memory for kernels.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace fletcher {

/// Owns `size` values of a trivial type, aligned to a cache line; not initialised. Move-only.
template <typename T>
class AlignedBuffer {
 public:
  static constexpr size_t kAlignment = 64;

  AlignedBuffer() = default;
  explicit AlignedBuffer(size_t size)
      : data_(static_cast<T*>(::operator new[](size * sizeof(T), std::align_val_t{kAlignment}))), size_(size) {}

  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  size_t size() const { return size_; }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }

 private:
  struct Free {
    void operator()(T* p) const { ::operator delete[](p, std::align_val_t{kAlignment}); }
  };
  std::unique_ptr<T[], Free> data_;
  size_t size_ = 0;
};

}  // namespace fletcher
