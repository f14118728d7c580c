#include "model/encoder.h"

#include <cmath>

namespace fletcher {

TensorView encode(Stream& s, const ModelConfig& config, const EncoderWeights& w, const Batch& batch,
                  const Workspace& workspace) {
  const size_t tokens = batch.num_tokens();
  const TensorView x = workspace.x.first_rows(tokens);
  const TensorView qkv = workspace.qkv.first_rows(tokens);
  const TensorView context = workspace.context.first_rows(tokens);
  const TensorView ffn = workspace.ffn.first_rows(tokens);
  const AttentionSpec spec{.num_attention_heads = config.num_attention_heads,
                           .num_key_value_heads = config.num_attention_heads,
                           .head_dim = config.head_dim(),
                           .scale = 1.0f / std::sqrt(static_cast<float>(config.head_dim())),
                           // int8 products are no more exact than bf16 attention.
                           .precision = w.precision == Precision::f32 ? Precision::f32 : Precision::bf16};

  s.embed({w.word.get(), w.position.get(), w.token_type.get(), w.embedding_norm.get()}, x);
  for (const EncoderLayer& layer : w.layers) {  // post-norm: the sum and its norm take the place of x
    s.linear(x, *layer.qkv, {}, qkv);           // [tokens, 3·hidden_size]
    s.attention(qkv, spec, context);            // [tokens, hidden_size]
    s.linear_norm(context, *layer.out, {.residual = x}, *layer.norm_after_attention, x, x);
    s.linear(x, *layer.up, {.act = config.hidden_act}, ffn);  // [tokens, intermediate_size]
    s.linear_norm(ffn, *layer.down, {.residual = x}, *layer.norm_after_ffn, x, x);
  }
  return x;
}

}  // namespace fletcher
