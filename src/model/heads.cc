#include "model/heads.h"

#include <utility>

namespace fletcher {

size_t Head::out_features(size_t hidden_size) const {
  size_t features = hidden_size * pooling.size();
  for (const HeadStep& step : steps) {
    if (const auto* dense = std::get_if<DenseStep>(&step)) features = dense->linear->out_features();
  }
  return features;
}

TensorView Head::forward(Stream& stream, TensorView hidden, size_t num_sequences, const Workspace& workspace) const {
  TensorView rows = workspace.pooled.first_rows(num_sequences);
  for (size_t i = 0; i < pooling.size(); ++i) {
    stream.pool(hidden, pooling[i], rows.columns(i * hidden.cols, hidden.cols));
  }
  size_t next = 0;
  for (const HeadStep& step : steps) {
    if (const auto* dense = std::get_if<DenseStep>(&step)) {
      const TensorView out = workspace.heads[next++].first_rows(num_sequences);
      stream.linear(rows, *dense->linear, {.act = dense->act}, out);
      rows = out;
    } else if (const auto* norm = std::get_if<NormStep>(&step)) {
      stream.norm(rows, *norm->norm, rows);
    } else {
      stream.l2_normalize(rows);
    }
  }
  return rows;
}

Head classifier_head(ClassifierWeights weights) {
  Head head;
  head.pooling = {PoolingMode::cls};
  head.steps.push_back(DenseStep{std::move(weights.pooler), ActivationKind::tanh});
  head.steps.push_back(DenseStep{std::move(weights.classifier), ActivationKind::none});
  return head;
}

}  // namespace fletcher
