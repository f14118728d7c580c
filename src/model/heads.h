// What comes after the encoder: pooling and its modules, or a classifier.
#pragma once

#include <memory>
#include <variant>
#include <vector>

#include "backend/stream.h"
#include "model/encoder_weights.h"
#include "model/workspace.h"

namespace fletcher {

struct DenseStep {
  std::unique_ptr<Linear> linear;
  ActivationKind act;
};
struct NormStep {
  std::unique_ptr<Norm> norm;
};
struct NormalizeStep {};
using HeadStep = std::variant<DenseStep, NormStep, NormalizeStep>;

/// Pooling modes side by side, then steps on the pooled rows. A classifier of BERT's kind is cls, dense, dense.
struct Head {
  std::vector<PoolingMode> pooling;
  std::vector<HeadStep> steps;

  /// Columns of the result, given the encoder's.
  size_t out_features(size_t hidden_size) const;
  /// Issues the ops; returns the view of the result, [sequences of the batch, out_features]. hidden [tokens,
  /// hidden_size].
  TensorView forward(Stream& stream, TensorView hidden, size_t num_sequences, const Workspace& workspace) const;
};

/// BERT's pooler and classifier as a head.
Head classifier_head(ClassifierWeights weights);

}  // namespace fletcher
