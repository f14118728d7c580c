// The prepared weights of one model on one backend.
#pragma once

#include <memory>
#include <vector>

#include "backend/backend.h"

namespace fletcher {

struct EncoderLayer {
  std::unique_ptr<Linear> qkv;  // (hidden_size → 3·hidden_size)
  std::unique_ptr<Linear> out;  // (hidden_size → hidden_size)
  std::unique_ptr<Norm> norm_after_attention;
  std::unique_ptr<Linear> up;    // (hidden_size → intermediate_size)
  std::unique_ptr<Linear> down;  // (intermediate_size → hidden_size)
  std::unique_ptr<Norm> norm_after_ffn;
};

struct EncoderWeights {
  std::unique_ptr<EmbeddingTable> word;        // (vocab_size, hidden_size)
  std::unique_ptr<EmbeddingTable> position;    // (max_position_embeddings, hidden_size)
  std::unique_ptr<EmbeddingTable> token_type;  // (type_vocab_size, hidden_size)
  std::unique_ptr<Norm> embedding_norm;
  std::vector<EncoderLayer> layers;
  Precision precision = Precision::f32;  // of the products
};

/// BERT's pooler and classification head: logits = classifier(tanh(pooler(first row))).
struct ClassifierWeights {
  std::unique_ptr<Linear> pooler;      // (hidden_size → hidden_size)
  std::unique_ptr<Linear> classifier;  // (hidden_size → labels)
};

}  // namespace fletcher
