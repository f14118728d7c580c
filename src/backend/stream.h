// The vocabulary in which a model speaks to a device: a few coarse ops in an in-order queue.
#pragma once

#include <cstdint>
#include <span>

#include "backend/backend.h"
#include "base/result.h"
#include "tensor/batch.h"
#include "tensor/tensor_view.h"

namespace fletcher {

/// Names as in Hugging Face's `hidden_act`: `gelu` is the erf form, `gelu_tanh` its tanh approximation.
enum class ActivationKind : uint8_t { none, gelu, gelu_tanh, relu, silu, tanh, sigmoid };

/// What happens to a product before it is stored: out = act(x·Wᵀ + bias) + residual. Closed on purpose: every backend
/// implements all of it.
struct Epilogue {
  ActivationKind act = ActivationKind::none;
  TensorView residual = {};  // [rows, out_features]; may alias the output
};

/// Attention inside each sequence of the batch; queries, keys and values lie side by side in one row:
/// [num_attention_heads·head_dim | num_key_value_heads·head_dim | num_key_value_heads·head_dim].
struct AttentionSpec {
  size_t num_attention_heads = 0;
  size_t num_key_value_heads = 0;  // divides num_attention_heads
  size_t head_dim = 0;
  float scale = 0;  // of q·k before the softmax
  /// bf16: a backend may round queries, keys, values and probabilities to bf16; sums stay f32. f32: it may not.
  Precision precision = Precision::f32;
};

/// What embed() adds up for every token: word + position + token type, each optional but the first, then the norm.
struct EmbeddingSpec {
  const EmbeddingTable* word = nullptr;
  const EmbeddingTable* position = nullptr;
  const EmbeddingTable* token_type = nullptr;
  const Norm* norm = nullptr;
};

/// How the rows of a sequence become one, as sentence-transformers' Pooling module (6.2) defines them. Tokens before
/// Batch::pool_begin are left out: cls takes the first row after them.
enum class PoolingMode : uint8_t { cls, mean, max, mean_sqrt_len, weighted_mean, last_token };

/// An in-order queue of ops on one backend. Not thread-safe: one per worker. Ops return nothing and may run later; the
/// first failure sticks and finish() returns it. Views must stay valid until finish().
/// Row counts: a view has one row per token of the batch, or (after pool) one per sequence.
class Stream {
 public:
  virtual ~Stream() = default;

  /// Starts a batch, which must live until finish(). Ids must be inside the tables (the model checks them).
  virtual void begin(const Batch& batch) = 0;
  /// out [tokens, hidden] = norm(word[input_ids] + position[position_ids] + token_type[token_type_ids]).
  virtual void embed(const EmbeddingSpec& spec, TensorView out) = 0;
  /// out [rows, N] = act(in·Wᵀ + bias) + residual; in [rows, K]. out may alias residual, never in.
  virtual void linear(TensorView in, const Linear& w, const Epilogue& e, TensorView out) = 0;
  /// out = norm(in), row by row. [rows, features]; out may alias in.
  virtual void norm(TensorView in, const Norm& n, TensorView out) = 0;
  /// sum = act(in·Wᵀ + bias) + residual; out = norm(sum). sum may alias residual; out may alias residual; never in.
  /// Default (ops.cc): linear, then norm. A backend overrides it to fuse.
  virtual void linear_norm(TensorView in, const Linear& w, const Epilogue& e, const Norm& n, TensorView sum,
                           TensorView out);
  /// out [tokens, heads·head_dim] = softmax(scale·q·kᵀ)·v per sequence and head; qkv as AttentionSpec lays it out.
  virtual void attention(TensorView qkv, const AttentionSpec& spec, TensorView out) = 0;
  /// out [sequences, cols] from in [tokens, cols]. A sequence whose every token is left out pools to zeros.
  virtual void pool(TensorView in, PoolingMode mode, TensorView out) = 0;
  /// Scales every row to unit length in place; a row of zeros stays (as torch.nn.functional.normalize, eps 1e-12).
  virtual void l2_normalize(TensorView rows) = 0;
  /// Delivers a view to the host as f32, row-major without gaps; `out` [rows·cols] is valid after finish().
  virtual void read(TensorView in, std::span<float> out) = 0;
  /// Runs what is queued, waits, and returns the first failure since begin().
  virtual Result<void> finish() = 0;
};

}  // namespace fletcher
