// A matrix inside a Buffer: what the model hands to a Stream's ops.
#pragma once

#include <cstddef>

#include "tensor/buffer.h"
#include "tensor/dtype.h"

namespace fletcher {

/// [rows, cols] at `offset` elements into `buffer`, rows `row_stride` elements apart. Owns nothing: valid as long as
/// its buffer. A default-made view is absent (`!view`).
struct TensorView {
  Buffer* buffer = nullptr;
  size_t offset = 0;  // in elements
  size_t rows = 0;
  size_t cols = 0;
  size_t row_stride = 0;  // in elements
  DType dtype = DType::f32;

  explicit operator bool() const { return buffer != nullptr; }

  /// The first `count` rows.
  TensorView first_rows(size_t count) const {
    TensorView view = *this;
    view.rows = count;
    return view;
  }
  /// Columns [first, first + count) of every row.
  TensorView columns(size_t first, size_t count) const {
    TensorView view = *this;
    view.offset += first;
    view.cols = count;
    return view;
  }
  /// True if every element lies inside the buffer.
  bool in_bounds() const {
    if (rows == 0 || cols == 0) return true;
    return cols <= row_stride && (offset + (rows - 1) * row_stride + cols) * dtype_size(dtype) <= buffer->size_bytes();
  }
};

}  // namespace fletcher
