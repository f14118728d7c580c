#include "backend/reference/reference_backend.h"

#include <cstring>
#include <utility>

#include "backend/reference/reference_ops.h"

namespace fletcher {
namespace reference {

Matrix to_double(const HostMatrix& source) {
  Matrix matrix{source.rows, source.cols, std::vector<double>(source.rows * source.cols)};
  for (size_t i = 0; i < matrix.values.size(); ++i) {
    if (source.dtype == DType::f32) {
      float value;
      std::memcpy(&value, source.data.data() + i * sizeof value, sizeof value);
      matrix.values[i] = value;
    } else {
      uint16_t bits;
      std::memcpy(&bits, source.data.data() + i * sizeof bits, sizeof bits);
      matrix.values[i] = source.dtype == DType::f16 ? f16_to_f32(bits) : bf16_to_f32(bits);
    }
  }
  return matrix;
}

}  // namespace reference

namespace {

using reference::DoubleBuffer;
using reference::Matrix;
using reference::ReferenceEmbedding;
using reference::ReferenceLinear;
using reference::ReferenceNorm;
using reference::to_double;

class ReferenceStream final : public Stream {
 public:
  void begin(const Batch& batch) override { batch_ = &batch; }
  void embed(const EmbeddingSpec& spec, TensorView out) override { reference::embed(*batch_, spec, out); }
  void linear(TensorView in, const Linear& w, const Epilogue& e, TensorView out) override {
    reference::linear(in, static_cast<const ReferenceLinear&>(w), e, out);
  }
  void norm(TensorView in, const Norm& n, TensorView out) override {
    reference::norm(in, static_cast<const ReferenceNorm&>(n), out);
  }
  void attention(TensorView qkv, const AttentionSpec& spec, TensorView out) override {
    reference::attention(*batch_, qkv, spec, out);
  }
  void pool(TensorView in, PoolingMode mode, TensorView out) override { reference::pool(*batch_, in, mode, out); }
  void l2_normalize(TensorView rows) override { reference::l2_normalize(rows); }
  void read(TensorView in, std::span<float> out) override {
    for (size_t r = 0; r < in.rows; ++r) {
      for (size_t c = 0; c < in.cols; ++c) out[r * in.cols + c] = static_cast<float>(reference::row(in, r)[c]);
    }
  }
  Result<void> finish() override { return {}; }

 private:
  const Batch* batch_ = nullptr;
};

class ReferenceBackend final : public Backend {
 public:
  std::string_view name() const override { return "reference"; }
  std::string_view instruction_set() const override { return ""; }
  bool supports(Precision precision) const override { return precision == Precision::f32; }

  Result<Activation> activation(size_t rows, size_t cols) override {
    auto buffer = std::make_unique<DoubleBuffer>(rows * cols);
    TensorView view{buffer.get(), 0, rows, cols, cols, DType::f64};
    return Activation{std::move(buffer), view};
  }

  Result<std::unique_ptr<Linear>> prepare_linear(const LinearSource& source) override {
    FLETCHER_TRY(validate(source));
    if (!supports(source.precision)) return unimplemented("reference backend: only fp32 products");
    Matrix weight{0, source.weights[0].cols, {}};
    std::vector<double> bias;
    for (size_t i = 0; i < source.weights.size(); ++i) {
      const Matrix part = to_double(source.weights[i]);
      weight.rows += part.rows;
      weight.values.insert(weight.values.end(), part.values.begin(), part.values.end());
      const std::vector<double> b =
          source.biases.empty() ? std::vector<double>(part.rows) : to_double(source.biases[i]).values;
      bias.insert(bias.end(), b.begin(), b.end());
    }
    return std::make_unique<ReferenceLinear>(std::move(weight), std::move(bias));
  }

  Result<std::unique_ptr<Norm>> prepare_norm(const NormSource& source) override {
    FLETCHER_TRY(validate(source));
    std::vector<double> beta(source.gamma.cols);
    if (!source.beta.data.empty()) beta = to_double(source.beta).values;
    return std::make_unique<ReferenceNorm>(to_double(source.gamma).values, std::move(beta), source.eps);
  }

  Result<std::unique_ptr<EmbeddingTable>> prepare_embedding(const HostMatrix& source) override {
    FLETCHER_TRY(validate(source));
    return std::make_unique<ReferenceEmbedding>(to_double(source));
  }

  std::unique_ptr<Stream> open_stream() override { return std::make_unique<ReferenceStream>(); }
};

}  // namespace

std::unique_ptr<Backend> make_reference_backend() { return std::make_unique<ReferenceBackend>(); }

}  // namespace fletcher
