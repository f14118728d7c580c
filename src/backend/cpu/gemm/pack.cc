#include "backend/cpu/gemm/pack.h"

#include <algorithm>
#include <cstring>

#include "base/thread_pool.h"

namespace fletcher::cpu {
namespace {

// A panel's columns times this many of its rows stay in the first-level cache while they are written column by column.
constexpr size_t kPieceRows = 64;

/// Row `column` of the stack, from element k on.
struct StackedRow {
  const HostMatrix* matrix;
  size_t row;
};

StackedRow find_row(std::span<const HostMatrix> stack, size_t column) {
  size_t i = 0;
  while (column >= stack[i].rows) column -= stack[i++].rows;
  return {&stack[i], column};
}

/// Writes the `count` columns of one panel, `width` floats a row, from `first` on; zeros beyond `count`.
void pack_panel(std::span<const HostMatrix> stack, const Kernels& kernels, size_t first, size_t count, size_t width,
                float* panel) {
  const size_t in_features = stack[0].cols;
  float piece[kPieceRows];
  for (size_t k = 0; k < in_features; k += kPieceRows) {
    const size_t rows = std::min(kPieceRows, in_features - k);
    float* out = panel + k * width;
    for (size_t j = 0; j < count; ++j) {
      const auto [matrix, row] = find_row(stack, first + j);
      const size_t element = row * in_features + k;
      kernels.read_row(matrix->dtype, matrix->data.data() + element * dtype_size(matrix->dtype), rows, piece, false);
      for (size_t i = 0; i < rows; ++i) out[i * width + j] = piece[i];
    }
    for (size_t j = count; j < width; ++j) {
      for (size_t i = 0; i < rows; ++i) out[i * width + j] = 0;
    }
  }
}

}  // namespace

std::unique_ptr<CpuLinear> pack_linear(const LinearSource& source, const Kernels& kernels, ThreadPool* pool) {
  const size_t in_features = source.weights[0].cols;
  size_t out_features = 0;
  for (const HostMatrix& weight : source.weights) out_features += weight.rows;

  const size_t wide = kernels.panel_columns, vector = kernels.vector_columns;
  const size_t num_panels = (out_features + wide - 1) / wide;
  const size_t columns = (out_features + vector - 1) / vector * vector;
  AlignedBuffer<float> panels(columns * in_features), bias(num_panels * wide);
  const auto pack = [&](size_t panel, size_t) {
    const size_t first = panel * wide;
    pack_panel(source.weights, kernels, first, std::min(wide, out_features - first), std::min(wide, columns - first),
               panels.data() + first * in_features);
  };
  if (pool != nullptr) {
    pool->parallel_for(num_panels, pack);
  } else {
    for (size_t panel = 0; panel < num_panels; ++panel) pack(panel, 0);
  }

  std::fill_n(bias.data(), bias.size(), 0.0f);
  float* next = bias.data();
  for (const HostMatrix& part : source.biases) {
    kernels.read_row(part.dtype, part.data.data(), part.cols, next, false);
    next += part.cols;
  }
  return std::make_unique<CpuLinear>(in_features, out_features, std::move(panels), std::move(bias));
}

AlignedBuffer<float> pack_row(const HostMatrix& source, const Kernels& kernels) {
  AlignedBuffer<float> out(source.cols);
  kernels.read_row(source.dtype, source.data.data(), source.cols, out.data(), false);
  return out;
}

}  // namespace fletcher::cpu
