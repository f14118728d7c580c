// The transformer encoder: one forward pass for every model, issued as coarse ops to whatever device.
#pragma once

#include "backend/stream.h"
#include "model/encoder_weights.h"
#include "model/model_config.h"
#include "model/workspace.h"
#include "tensor/batch.h"

namespace fletcher {

/// Issues the forward pass of `batch` to `stream`, after begin() and before finish(). The last hidden state is in the
/// returned view of `workspace`: [tokens, hidden_size].
TensorView encode(Stream& stream, const ModelConfig& config, const EncoderWeights& weights, const Batch& batch,
                  const Workspace& workspace);

}  // namespace fletcher
