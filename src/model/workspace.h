// The activations of a forward pass, sized once for a token budget: the hot path allocates nothing.
#pragma once

#include <memory>
#include <vector>

#include "backend/backend.h"

namespace fletcher {

/// One per worker; not thread-safe. Made by Model::make_workspace.
struct Workspace {
  size_t tokens = 0;     // capacity
  size_t sequences = 0;  // capacity
  uint64_t size_bytes = 0;

  TensorView x;        // [tokens, hidden_size]
  TensorView qkv;      // [tokens, 3·hidden_size]
  TensorView context;  // [tokens, hidden_size]
  TensorView ffn;      // [tokens, intermediate_size]
  TensorView pooled;   // [sequences, hidden_size · pooling modes]
  std::vector<TensorView>
      heads;  // [sequences, features]: what each Dense after the pooling, or each layer of a head, gives

  std::vector<std::unique_ptr<Buffer>> buffers;  // own all of the above
};

}  // namespace fletcher
