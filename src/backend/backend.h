// One device: makes buffers, prepares weights once, opens streams. The seam between model/ and every kind of hardware.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "tensor/buffer.h"
#include "tensor/dtype.h"
#include "tensor/tensor_view.h"

namespace fletcher {

class Stream;

/// The arithmetic of the matrix products. Softmax, norms and pooling accumulate in f32 (or wider) whatever it is.
enum class Precision : uint8_t { f32, bf16, f16, int8 };

/// What users call the precisions, the exact one first.
struct PrecisionName {
  std::string_view name;
  Precision precision;
};
inline constexpr std::array kPrecisionNames = {
    PrecisionName{"fp32", Precision::f32}, PrecisionName{"bf16", Precision::bf16},
    PrecisionName{"fp16", Precision::f16}, PrecisionName{"int8", Precision::int8}};

/// A weight matrix [rows = out_features, cols = in_features], row-major, in host memory (often a mapped file, perhaps
/// not aligned). dtype f32, f16 or bf16. Needed only during prepare.
struct HostMatrix {
  std::span<const std::byte> data;
  DType dtype = DType::f32;
  size_t rows = 0;
  size_t cols = 0;
};

/// y = x·Wᵀ + b. Several matrices (query, key, value) are stacked along out_features into one product.
struct LinearSource {
  std::span<const HostMatrix> weights;  // at least one, equal cols
  std::span<const HostMatrix> biases;   // empty, or one [1, rows] per weight
  Precision precision = Precision::f32;
  /// int8: what its inputs look like, by input feature [cols], both or neither. (x - input_center) / input_scale is
  /// quantised, and weights and bias make up for it; other precisions have no use for them.
  std::span<const float> input_center;
  std::span<const float> input_scale;
};

/// A prepared product: packed, converted, perhaps on the device. Immutable; belongs to the backend that made it.
class Linear {
 public:
  virtual ~Linear() = default;
  size_t in_features() const { return in_features_; }
  size_t out_features() const { return out_features_; }
  /// Bytes the prepared form occupies.
  virtual size_t size_bytes() const = 0;

 protected:
  Linear(size_t in_features, size_t out_features) : in_features_(in_features), out_features_(out_features) {}

 private:
  size_t in_features_;
  size_t out_features_;
};

enum class NormKind : uint8_t { layer_norm };

struct NormSource {
  NormKind kind = NormKind::layer_norm;
  HostMatrix gamma;  // [1, features]
  HostMatrix beta;   // [1, features], or no data for none
  float eps = 1e-12f;
};

/// A prepared normalisation over the columns of a row. Immutable; belongs to its backend.
class Norm {
 public:
  virtual ~Norm() = default;
  size_t features() const { return features_; }

 protected:
  explicit Norm(size_t features) : features_(features) {}

 private:
  size_t features_;
};

/// A prepared lookup table [rows, features]. On a CPU it may read the mapped file: the source must outlive it.
class EmbeddingTable {
 public:
  virtual ~EmbeddingTable() = default;
  size_t rows() const { return rows_; }
  size_t features() const { return features_; }
  /// Bytes of its own, apart from the source it may still read.
  virtual size_t size_bytes() const = 0;

 protected:
  EmbeddingTable(size_t rows, size_t features) : rows_(rows), features_(features) {}

 private:
  size_t rows_;
  size_t features_;
};

/// INVALID_ARGUMENT where a source breaks its contract: sizes that disagree, an absent or wrongly typed part. For
/// backends.
Result<void> validate(const HostMatrix& source);
Result<void> validate(const LinearSource& source);
Result<void> validate(const NormSource& source);

/// One device. Thread-safe; everything it prepares may be shared by streams of the same backend.
class Backend {
 public:
  virtual ~Backend() = default;

  /// "reference", "cpu", …
  virtual std::string_view name() const = 0;
  /// What decides the bits of a result besides the name: the instruction set ("avx512"), the adapter and its driver, or
  /// "" where nothing does.
  virtual std::string_view instruction_set() const = 0;
  virtual bool supports(Precision precision) const = 0;

  /// A buffer for activations [rows, cols] and the view of all of it; its element type is the backend's affair.
  /// RESOURCE_EXHAUSTED if the device has no room.
  struct Activation {
    std::unique_ptr<Buffer> buffer;
    TensorView view;
  };
  virtual Result<Activation> activation(size_t rows, size_t cols) = 0;

  /// INVALID_ARGUMENT for a source that breaks the contract above; UNIMPLEMENTED for a dtype or precision it lacks.
  virtual Result<std::unique_ptr<Linear>> prepare_linear(const LinearSource& source) = 0;
  virtual Result<std::unique_ptr<Norm>> prepare_norm(const NormSource& source) = 0;
  virtual Result<std::unique_ptr<EmbeddingTable>> prepare_embedding(const HostMatrix& source) = 0;

  /// A new in-order queue of work. The backend must outlive it.
  virtual std::unique_ptr<Stream> open_stream() = 0;
};

}  // namespace fletcher
