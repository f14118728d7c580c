// The prepared forms and the ops of the reference backend. One .cc file per op.
#pragma once

#include <vector>

#include "backend/stream.h"

namespace fletcher::reference {

class DoubleBuffer final : public Buffer {
 public:
  explicit DoubleBuffer(size_t size) : Buffer(size * sizeof(double)), values_(size) {}
  double* data() { return values_.data(); }

 private:
  std::vector<double> values_;
};

/// A matrix of doubles, row-major.
struct Matrix {
  size_t rows = 0;
  size_t cols = 0;
  std::vector<double> values;
  const double* row(size_t r) const { return values.data() + r * cols; }
};

/// The stored values of `source`, exactly.
Matrix to_double(const HostMatrix& source);

class ReferenceLinear final : public Linear {
 public:
  ReferenceLinear(Matrix w, std::vector<double> b) : Linear(w.cols, w.rows), weight(std::move(w)), bias(std::move(b)) {}
  size_t size_bytes() const override { return (weight.values.size() + bias.size()) * sizeof(double); }

  Matrix weight;             // [out_features, in_features]
  std::vector<double> bias;  // [out_features], zeros where the source has none
};

class ReferenceNorm final : public Norm {
 public:
  ReferenceNorm(std::vector<double> g, std::vector<double> b, double e)
      : Norm(g.size()), gamma(std::move(g)), beta(std::move(b)), eps(e) {}

  std::vector<double> gamma;
  std::vector<double> beta;
  double eps;
};

class ReferenceEmbedding final : public EmbeddingTable {
 public:
  explicit ReferenceEmbedding(Matrix t) : EmbeddingTable(t.rows, t.cols), table(std::move(t)) {}
  size_t size_bytes() const override { return table.values.size() * sizeof(double); }

  Matrix table;
};

/// The address of row r of a view of ours.
inline double* row(TensorView view, size_t r) {
  return static_cast<DoubleBuffer*>(view.buffer)->data() + view.offset + r * view.row_stride;
}

double activate(ActivationKind kind, double x);
void embed(const Batch& batch, const EmbeddingSpec& spec, TensorView out);
void linear(TensorView in, const ReferenceLinear& w, const Epilogue& e, TensorView out);
void norm(TensorView in, const ReferenceNorm& n, TensorView out);
void attention(const Batch& batch, TensorView qkv, const AttentionSpec& spec, TensorView out);
void pool(const Batch& batch, TensorView in, PoolingMode mode, TensorView out);
void l2_normalize(TensorView rows);

}  // namespace fletcher::reference
