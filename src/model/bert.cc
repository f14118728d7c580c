#include "model/bert.h"

namespace fletcher {
namespace {

Result<void> check_sizes(const ModelConfig& config) {
  constexpr size_t kLargest = size_t{1} << 31;  // keeps every product of two sizes inside 64 bits
  const std::pair<const char*, size_t> sizes[] = {
      {"vocab_size", config.vocab_size},
      {"hidden_size", config.hidden_size},
      {"num_hidden_layers", config.num_hidden_layers},
      {"num_attention_heads", config.num_attention_heads},
      {"intermediate_size", config.intermediate_size},
      {"max_position_embeddings", config.max_position_embeddings},
      {"type_vocab_size", config.type_vocab_size},
  };
  for (const auto& [name, value] : sizes) {
    if (value == 0 || value >= kLargest) {
      return invalid_argument("\"" + std::string(name) + "\": " + std::to_string(value) + ", wanted 1 to 2^31-1");
    }
  }
  if (config.hidden_size % config.num_attention_heads != 0) {
    return invalid_argument(
        "\"hidden_size\": " + std::to_string(config.hidden_size) +
        " is no multiple of \"num_attention_heads\": " + std::to_string(config.num_attention_heads));
  }
  return {};
}

Result<EncoderLayer> load_layer(WeightLoader& loader, const ModelConfig& c, size_t index) {
  const std::string p = "encoder.layer." + std::to_string(index) + ".";
  const std::string self = p + "attention.self.";
  EncoderLayer layer;
  FLETCHER_TRY_ASSIGN(layer.qkv,
                      loader.linear({self + "query", self + "key", self + "value"}, c.hidden_size, c.hidden_size));
  FLETCHER_TRY_ASSIGN(layer.out, loader.linear({p + "attention.output.dense"}, c.hidden_size, c.hidden_size));
  FLETCHER_TRY_ASSIGN(layer.norm_after_attention,
                      loader.norm(p + "attention.output.LayerNorm", c.hidden_size, c.layer_norm_eps));
  FLETCHER_TRY_ASSIGN(layer.up, loader.linear({p + "intermediate.dense"}, c.hidden_size, c.intermediate_size));
  FLETCHER_TRY_ASSIGN(layer.down, loader.linear({p + "output.dense"}, c.intermediate_size, c.hidden_size));
  FLETCHER_TRY_ASSIGN(layer.norm_after_ffn, loader.norm(p + "output.LayerNorm", c.hidden_size, c.layer_norm_eps));
  return layer;
}

}  // namespace

Result<ModelConfig> parse_bert(const Json& json) {
  ModelConfig config;
  FLETCHER_TRY_ASSIGN(config.vocab_size, json.required_uint("vocab_size"));
  FLETCHER_TRY_ASSIGN(config.hidden_size, json.required_uint("hidden_size"));
  FLETCHER_TRY_ASSIGN(config.num_hidden_layers, json.required_uint("num_hidden_layers"));
  FLETCHER_TRY_ASSIGN(config.num_attention_heads, json.required_uint("num_attention_heads"));
  FLETCHER_TRY_ASSIGN(config.intermediate_size, json.required_uint("intermediate_size"));
  FLETCHER_TRY_ASSIGN(config.max_position_embeddings, json.required_uint("max_position_embeddings"));
  FLETCHER_TRY_ASSIGN(config.type_vocab_size, json.uint_or("type_vocab_size", 2));
  FLETCHER_TRY(check_sizes(config));
  FLETCHER_TRY_ASSIGN(const std::string act, json.string_or("hidden_act", "gelu"));
  FLETCHER_TRY_ASSIGN(config.hidden_act, parse_activation(act));
  FLETCHER_TRY_ASSIGN(const double eps, json.number_or("layer_norm_eps", 1e-12));
  if (!(eps > 0 && eps < 1)) return invalid_argument("\"layer_norm_eps\": " + std::to_string(eps) + ", wanted 0 to 1");
  config.layer_norm_eps = static_cast<float>(eps);
  FLETCHER_TRY_ASSIGN(const std::string positions, json.string_or("position_embedding_type", "absolute"));
  if (positions != "absolute") {
    return unimplemented("\"position_embedding_type\": \"" + positions + "\", wanted \"absolute\"");
  }
  FLETCHER_TRY_ASSIGN(const bool decoder, json.bool_or("is_decoder", false));
  if (decoder) return unimplemented("\"is_decoder\": true, wanted an encoder");
  return config;
}

WeightLoader bert_loader(const TensorFile& file, Backend& backend, Precision precision) {
  return WeightLoader(file, backend, precision, {"", "bert."}, "embeddings.word_embeddings.weight");
}

Result<EncoderWeights> load_bert(WeightLoader& loader, const ModelConfig& c) {
  EncoderWeights w;
  FLETCHER_TRY_ASSIGN(w.word, loader.embedding("embeddings.word_embeddings", c.vocab_size, c.hidden_size));
  FLETCHER_TRY_ASSIGN(w.position,
                      loader.embedding("embeddings.position_embeddings", c.max_position_embeddings, c.hidden_size));
  FLETCHER_TRY_ASSIGN(w.token_type,
                      loader.embedding("embeddings.token_type_embeddings", c.type_vocab_size, c.hidden_size));
  FLETCHER_TRY_ASSIGN(w.embedding_norm, loader.norm("embeddings.LayerNorm", c.hidden_size, c.layer_norm_eps));
  for (size_t i = 0; i < c.num_hidden_layers; ++i) {
    FLETCHER_TRY_ASSIGN(EncoderLayer layer, load_layer(loader, c, i));
    w.layers.push_back(std::move(layer));
  }
  return w;
}

Result<ClassifierWeights> load_bert_classifier(WeightLoader& encoder, WeightLoader& head, const ModelConfig& c) {
  ClassifierWeights w;
  FLETCHER_TRY_ASSIGN(w.pooler, encoder.linear({"pooler.dense"}, c.hidden_size, c.hidden_size));
  FLETCHER_TRY_ASSIGN(w.classifier, head.linear({"classifier"}, c.hidden_size, c.labels.size()));
  return w;
}

}  // namespace fletcher
