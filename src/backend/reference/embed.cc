// Sum of the embeddings of a token, then the norm.

#include "backend/reference/reference_ops.h"

namespace fletcher::reference {
namespace {

void add_row(const EmbeddingTable* table, int32_t id, double* out) {
  if (table == nullptr) return;
  const double* values = static_cast<const ReferenceEmbedding*>(table)->table.row(static_cast<size_t>(id));
  for (size_t c = 0; c < table->features(); ++c) out[c] += values[c];
}

}  // namespace

void embed(const Batch& batch, const EmbeddingSpec& spec, TensorView out) {
  for (size_t t = 0; t < batch.num_tokens(); ++t) {
    double* sum = row(out, t);
    for (size_t c = 0; c < out.cols; ++c) sum[c] = 0;
    add_row(spec.word, batch.input_ids[t], sum);
    add_row(spec.position, batch.position_ids[t], sum);
    add_row(spec.token_type, batch.token_type_ids[t], sum);
  }
  if (spec.norm != nullptr) norm(out, static_cast<const ReferenceNorm&>(*spec.norm), out);
}

}  // namespace fletcher::reference
