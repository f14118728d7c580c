#include "backend/cpu/gemm/pack.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <numeric>
#include <string>
#include <utility>

#include "base/thread_pool.h"

namespace fletcher::cpu {
namespace {

// Columns are written a piece at a time: the pieces of a panel's columns stay in the first-level cache. Of int8, a
// group.
constexpr size_t kPieceFeatures = 64;
constexpr size_t kLaneBytes = 4;
// Features of a group where one is not enough: with fewer, products spend more on scales than on sums.
constexpr size_t kGroupFeatures = 384;

template <typename T>
Result<AlignedBuffer<T>> allocate(size_t size) {
  auto buffer = AlignedBuffer<T>::allocate(size);
  if (!buffer) return resource_exhausted("no memory for " + std::to_string(size * sizeof(T)) + " bytes of weights");
  return std::move(*buffer);
}

constexpr size_t round_up(size_t n, size_t to) { return (n + to - 1) / to * to; }

size_t features_per_step(Precision precision) {
  return precision == Precision::int8 ? 4 : precision == Precision::bf16 ? 2 : 1;
}

/// Row `column` of the stack.
struct StackedRow {
  const HostMatrix* matrix;
  size_t row;
};

StackedRow find_row(std::span<const HostMatrix> stack, size_t column) {
  size_t i = 0;
  while (column >= stack[i].rows) column -= stack[i++].rows;
  return {&stack[i], column};
}

/// Rounded to nearest even; NaN stays NaN.
uint16_t to_bf16(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  if (x != x) return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

/// For |x| < 2^22, ties to even; inline, unlike std::nearbyint.
float round_to_even(float x) {
  constexpr float kRounder = 12582912.0f;  // 1.5·2^23
  return (x + kRounder) - kRounder;
}

float to_s8(float x, float inverse_scale) { return std::clamp(round_to_even(x * inverse_scale), -127.0f, 127.0f); }

float squared_error(std::span<const float> values, float scale) {
  const float inverse = 1 / scale;
  float sums[8] = {};  // so that the compiler may use vectors
  for (size_t i = 0; i < values.size(); ++i) {
    const float difference = values[i] - to_s8(values[i], inverse) * scale;
    sums[i % 8] += difference * difference;
  }
  return std::accumulate(std::begin(sums), std::end(sums), 0.0f);
}

// Weights below it count as zero: their inverse scale would overflow.
constexpr float kSmallest = 1e-30f;

/// The scale under which values as s8 lose least: outliers may be cut for the sake of the rest.
float find_scale(std::span<const float> values) {
  constexpr float kLeast = 0.7f, kStep = 0.05f;
  float highest = 0;
  for (const float x : values) highest = std::max(highest, std::abs(x));
  if (highest < kSmallest) return 0;
  float best = highest / 127, least = squared_error(values, best);
  for (float cut = 1 - kStep; cut > kLeast; cut -= kStep) {
    const float scale = cut * highest / 127, error = squared_error(values, scale);
    if (error < least) least = error, best = scale;
  }
  return best;
}

/// Writes one panel after the other; one object for each product.
class Packer {
 public:
  Packer(const LinearSource& source, const Kernels& kernels, CpuLinear& out)
      : source_(source), kernels_(kernels), out_(out), padded_(round_up(out.out_features(), kernels.panel_columns)) {}

  /// False once an s8 would have had to stand for NaN or infinity.
  bool finite() const { return finite_; }

  void pack(size_t panel) {
    const size_t first = panel * kernels_.panel_columns;
    const size_t count = std::min(kernels_.panel_columns, out_.out_features() - first);
    const size_t width = round_up(count, kernels_.vector_columns);
    const size_t piece = out_.precision == Precision::int8 ? out_.group_size : kPieceFeatures;
    std::byte* panel_begin = out_.panels.data() + first * out_.steps * kLaneBytes;
    std::memset(panel_begin, 0, width * out_.steps * kLaneBytes);
    for (size_t k = 0; k < out_.in_features(); k += piece) {
      const size_t features = std::min(piece, out_.in_features() - k);
      const size_t step = k / features_per_step(out_.precision);
      for (size_t j = 0; j < count; ++j) {
        read(first + j, k, features);
        write(first + j, k, features, panel_begin + (step * width + j) * kLaneBytes, width * kLaneBytes);
      }
    }
  }

 private:
  void read(size_t column, size_t k, size_t features) {
    const auto [matrix, row] = find_row(source_.weights, column);
    const size_t element = row * out_.in_features() + k;
    kernels_.read_row(matrix->dtype, matrix->data.data() + element * dtype_size(matrix->dtype), features, values_,
                      false);
  }

  /// values_ to `out`, a step every `stride` bytes.
  void write(size_t column, size_t k, size_t features, std::byte* out, size_t stride) {
    if (out_.precision == Precision::int8) return write_int8(column, k, features, out, stride);
    if (out_.precision == Precision::bf16) {
      for (size_t i = 0; i < features; ++i) {
        const uint16_t value = to_bf16(values_[i]);
        std::memcpy(out + i / 2 * stride + i % 2 * sizeof value, &value, sizeof value);
      }
      return;
    }
    for (size_t i = 0; i < features; ++i) std::memcpy(out + i * stride, &values_[i], sizeof(float));
  }

  void write_int8(size_t column, size_t k, size_t features, std::byte* out, size_t stride) {
    if (!source_.input_center.empty()) smooth(column, k, features);
    const std::span<const float> values(values_, features);
    if (!std::ranges::all_of(values, [](float x) { return std::isfinite(x); })) {
      finite_ = false;
      return;
    }
    const float scale = find_scale(values), inverse = scale > 0 ? 1 / scale : 0;
    int32_t sum = 0;
    for (size_t i = 0; i < features; ++i) {
      const float q = to_s8(values_[i], inverse);
      sum += static_cast<int32_t>(q);
      out[i / 4 * stride + i % 4] = static_cast<std::byte>(static_cast<int8_t>(q));
    }
    const size_t at = k / out_.group_size * padded_ + column;
    out_.column_scale[at] = scale;
    out_.column_sum[at] = static_cast<float>(sum);
  }

  /// Weights for inputs that come as (x - center) / scale, and what that takes from the sum.
  void smooth(size_t column, size_t k, size_t features) {
    double moved = 0;
    for (size_t i = 0; i < features; ++i) {
      moved += static_cast<double>(values_[i]) * static_cast<double>(source_.input_center[k + i]);
      values_[i] *= source_.input_scale[k + i];
    }
    out_.bias[column] += static_cast<float>(moved);
  }

  const LinearSource& source_;
  const Kernels& kernels_;
  CpuLinear& out_;
  size_t padded_;
  bool finite_ = true;
  float values_[std::max(kMostGroup, kPieceFeatures)];
};

/// The group sizes, scales and smoothing of an int8 product, not yet filled but for the last.
Result<void> prepare_int8(const LinearSource& source, size_t padded, CpuLinear& out) {
  const size_t k = out.in_features();
  out.groups = k <= kMostGroup ? 1 : (k + kGroupFeatures - 1) / kGroupFeatures;
  out.group_size = round_up((k + out.groups - 1) / out.groups, 4);
  out.groups = (k + out.group_size - 1) / out.group_size;
  FLETCHER_TRY_ASSIGN(out.column_scale, zeros(out.groups * padded));
  FLETCHER_TRY_ASSIGN(out.column_sum, zeros(out.groups * padded));
  if (source.input_center.empty()) return {};
  FLETCHER_TRY_ASSIGN(out.center, allocate<float>(k));
  FLETCHER_TRY_ASSIGN(out.inverse_scale, allocate<float>(k));
  std::ranges::copy(source.input_center, out.center.data());
  for (size_t i = 0; i < k; ++i) out.inverse_scale[i] = 1 / source.input_scale[i];
  return {};
}

}  // namespace

Result<std::unique_ptr<Linear>> pack_linear(const LinearSource& source, const Kernels& kernels, ThreadPool* pool) {
  size_t out_features = 0;
  for (const HostMatrix& weight : source.weights) out_features += weight.rows;
  auto linear = std::make_unique<CpuLinear>(source.weights[0].cols, out_features, source.precision);
  const size_t num_panels = (out_features + kernels.panel_columns - 1) / kernels.panel_columns;
  const size_t padded = num_panels * kernels.panel_columns, per_step = features_per_step(source.precision);

  linear->steps = (linear->in_features() + per_step - 1) / per_step;
  if (source.precision == Precision::int8) FLETCHER_TRY(prepare_int8(source, padded, *linear));
  FLETCHER_TRY_ASSIGN(linear->panels,
                      allocate<std::byte>(round_up(out_features, kernels.vector_columns) * linear->steps * kLaneBytes));
  FLETCHER_TRY_ASSIGN(linear->bias, zeros(padded));
  float* next = linear->bias.data();
  for (const HostMatrix& part : source.biases) {
    kernels.read_row(part.dtype, part.data.data(), part.cols, next, false);
    next += part.cols;
  }
  std::atomic<bool> finite = true;
  const auto pack = [&](size_t panel, size_t) {
    Packer packer(source, kernels, *linear);
    packer.pack(panel);
    if (!packer.finite()) finite = false;
  };
  if (pool != nullptr) {
    pool->parallel_for(num_panels, pack);
  } else {
    for (size_t panel = 0; panel < num_panels; ++panel) pack(panel, 0);
  }
  if (!finite) return invalid_argument("weights hold NaN or infinity, wanted finite numbers");
  return std::unique_ptr<Linear>(std::move(linear));
}

Result<AlignedBuffer<float>> zeros(size_t size) {
  FLETCHER_TRY_ASSIGN(AlignedBuffer<float> out, allocate<float>(size));
  std::fill_n(out.data(), size, 0.0f);
  return out;
}

Result<AlignedBuffer<float>> pack_row(const HostMatrix& source, const Kernels& kernels) {
  FLETCHER_TRY_ASSIGN(AlignedBuffer<float> out, allocate<float>(source.cols));
  kernels.read_row(source.dtype, source.data.data(), source.cols, out.data(), false);
  return out;
}

}  // namespace fletcher::cpu
