#include "model/model.h"

#include <algorithm>
#include <utility>

#include "backend/stream.h"
#include "base/json.h"
#include "model/encoder.h"
#include "model/registry.h"

namespace fletcher {
namespace {

/// The tokenizer's model_max_length where a tokenizer_config.json has a sensible one.
Result<size_t> tokenizer_max_length(const std::string& folder, size_t fallback) {
  const std::string path = folder + "/tokenizer_config.json";
  const Result<Json> config = Json::load(path);
  if (!config) {
    if (config.error().code == Code::not_found) return fallback;
    return tl::unexpected<Error>(config.error());
  }
  const double* length = (*config)["model_max_length"].as_number();
  // transformers writes 1e30 where the length is unknown.
  if (length == nullptr || *length < 1 || *length > static_cast<double>(fallback)) return fallback;
  return static_cast<size_t>(*length);
}

Result<size_t> resolve_max_length(const SentencePipeline& pipeline, const ModelConfig& config) {
  if (pipeline.max_seq_length) return std::min(*pipeline.max_seq_length, config.max_position_embeddings);
  return tokenizer_max_length(pipeline.transformer_folder, config.max_position_embeddings);
}

/// Checks that every module after the pooling takes what the one before it gives.
Result<void> check_chain(const SentencePipeline& pipeline, size_t features) {
  for (const PostModule& module : pipeline.modules) {
    if (module.kind == PostModule::Kind::normalize) continue;
    if (module.in_features != features) {
      return invalid_argument(module.folder + "/config.json: takes " + std::to_string(module.in_features) +
                              " features, but the module before it gives " + std::to_string(features));
    }
    features = module.out_features;
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Model>> Model::load(const std::string& folder, Backend& backend, const ModelOptions& options) {
  if (!backend.supports(options.precision))
    return unimplemented("the " + std::string(backend.name()) + " backend lacks this precision");
  std::unique_ptr<Model> model(new Model);
  FLETCHER_TRY_ASSIGN(model->pipeline_, read_sentence_pipeline(folder));
  if (!options.pooling.empty()) {
    FLETCHER_TRY_ASSIGN(const PoolingMode mode, parse_pooling_mode(options.pooling));
    model->pipeline_.pooling = {mode};
  }
  FLETCHER_TRY(model->load_weights(backend, options));
  FLETCHER_TRY_ASSIGN(model->max_length_, resolve_max_length(model->pipeline_, model->config_));
  return model;
}

Result<std::vector<InputStatistics>> Model::observe_inputs(const ModelEntry& entry, Backend& backend,
                                                           std::span<const CalibrationText> texts) const {
  WeightLoader loader = entry.loader(*file_, backend, Precision::f32);
  FLETCHER_TRY_ASSIGN(const EncoderWeights weights, entry.load_encoder(loader, config_));
  ObservingStream stream(backend.open_stream());
  FLETCHER_TRY_ASSIGN(const Workspace workspace, make_workspace(backend, config_.max_position_embeddings, 1));
  for (const CalibrationText& text : texts) {
    const auto outside = [](const std::vector<int32_t>& ids, size_t size) {
      return std::ranges::any_of(ids, [&](int32_t id) { return id < 0 || static_cast<size_t>(id) >= size; });
    };
    if (outside(text.ids, config_.vocab_size) || outside(text.type_ids, config_.type_vocab_size)) {
      return failed_precondition("the tokenizer gives ids beyond config.json's vocab_size " +
                                 std::to_string(config_.vocab_size) + " or type_vocab_size " +
                                 std::to_string(config_.type_vocab_size));
    }
    const size_t tokens = std::min(text.ids.size(), workspace.tokens);
    if (tokens == 0) continue;
    Batch batch;
    batch.append(std::span(text.ids).first(tokens), std::span(text.type_ids).first(text.type_ids.empty() ? 0 : tokens));
    stream.begin(batch);
    encode(stream, config_, weights, batch, workspace);
    FLETCHER_TRY(stream.finish());
  }
  std::vector<InputStatistics> statistics;
  for (const Linear* linear : loader.linears()) statistics.push_back(stream.of(linear));
  return statistics;
}

Result<void> Model::load_weights(Backend& backend, const ModelOptions& options) {
  const std::string& folder = pipeline_.transformer_folder;
  const std::string config_path = folder + "/config.json";
  FLETCHER_TRY_ASSIGN(const Json json, Json::load(config_path));
  const auto entry = find_model(json);
  if (!entry) return with_context(entry.error(), config_path);
  auto config = (*entry)->parse(json);
  if (!config) return with_context(std::move(config).error(), config_path);
  config_ = std::move(*config);
  config_.architecture = (*entry)->architecture;
  // A folder with a Pooling module embeds, whatever class its weights were trained as.
  const bool classifier = (*entry)->classifier && !pipeline_.has_pooling_module;
  if (classifier) {
    if (auto labels = parse_labels(json, pipeline_.activation_fn, config_); !labels)
      return with_context(std::move(labels).error(), config_path);
  }

  if (!classifier && pipeline_.pooling.empty()) {
    return invalid_argument(folder + "/modules.json: no Pooling module, and " + config_.architecture +
                            " is no classifier");
  }

  FLETCHER_TRY_ASSIGN(file_, TensorFile::open(folder));
  WeightLoader loader = (*entry)->loader(*file_, backend, options.precision);
  if (options.precision == Precision::int8 && !options.calibration.empty()) {
    auto statistics = observe_inputs(**entry, backend, options.calibration);
    if (!statistics) return with_context(std::move(statistics).error(), folder);
    loader.smooth_inputs(std::move(*statistics));
  }
  auto encoder = (*entry)->load_encoder(loader, config_);
  if (!encoder) return with_context(std::move(encoder).error(), folder);
  weights_ = std::move(*encoder);
  weights_.precision = options.precision;
  flops_per_token_ = 2.0 * static_cast<double>(loader.linear_weights());
  stored_dtype_ = loader.stored_dtype();
  WeightLoader head_loader(*file_, backend, Precision::f32);
  if (classifier) {
    WeightLoader pooler_loader = (*entry)->loader(*file_, backend, Precision::f32);
    auto head = (*entry)->load_classifier(pooler_loader, head_loader, config_);
    parameters_ += pooler_loader.parameters();
    prepared_bytes_ += pooler_loader.prepared_bytes();
    if (!head) return with_context(std::move(head).error(), folder);
    head_ = classifier_head(std::move(*head));
  } else {
    head_.pooling = pipeline_.pooling;
    FLETCHER_TRY(load_post_modules(backend));
  }
  parameters_ += loader.parameters() + head_loader.parameters();
  prepared_bytes_ += loader.prepared_bytes() + head_loader.prepared_bytes();
  out_features_ = head_.out_features(config_.hidden_size);
  return {};
}

Result<void> Model::load_post_modules(Backend& backend) {
  FLETCHER_TRY(check_chain(pipeline_, config_.hidden_size * head_.pooling.size()));
  for (const PostModule& module : pipeline_.modules) {
    if (module.kind == PostModule::Kind::normalize) {
      head_.steps.push_back(NormalizeStep{});
      continue;
    }
    FLETCHER_TRY_ASSIGN(const std::unique_ptr<TensorFile> file, TensorFile::open(module.folder));
    WeightLoader loader(*file, backend, Precision::f32);
    if (module.kind == PostModule::Kind::dense) {
      auto dense = loader.linear({"linear"}, module.in_features, module.out_features, module.bias);
      if (!dense) return with_context(std::move(dense).error(), module.folder);
      head_.steps.push_back(DenseStep{std::move(*dense), module.act});
    } else {
      constexpr float kTorchLayerNormEps = 1e-5f;
      auto norm = loader.norm("norm", module.in_features, kTorchLayerNormEps);
      if (!norm) return with_context(std::move(norm).error(), module.folder);
      head_.steps.push_back(NormStep{std::move(*norm)});
    }
    parameters_ += loader.parameters();
    prepared_bytes_ += loader.prepared_bytes();
  }
  return {};
}

Result<Workspace> Model::make_workspace(Backend& backend, size_t tokens, size_t sequences) const {
  Workspace w;
  w.tokens = tokens;
  w.sequences = sequences;
  const auto allocate = [&](size_t rows, size_t cols, TensorView& view) -> Result<void> {
    FLETCHER_TRY_ASSIGN(Backend::Activation activation, backend.activation(rows, cols));
    view = activation.view;
    w.size_bytes += activation.buffer->size_bytes();
    w.buffers.push_back(std::move(activation.buffer));
    return {};
  };
  FLETCHER_TRY(allocate(tokens, config_.hidden_size, w.x));
  FLETCHER_TRY(allocate(tokens, 3 * config_.hidden_size, w.qkv));
  FLETCHER_TRY(allocate(tokens, config_.hidden_size, w.context));
  FLETCHER_TRY(allocate(tokens, config_.intermediate_size, w.ffn));
  FLETCHER_TRY(allocate(sequences, config_.hidden_size * head_.pooling.size(), w.pooled));
  for (const HeadStep& step : head_.steps) {
    if (const auto* dense = std::get_if<DenseStep>(&step)) {
      FLETCHER_TRY(allocate(sequences, dense->linear->out_features(), w.heads.emplace_back()));
    }
  }
  return w;
}

Result<void> Model::forward(const Batch& batch, Stream& stream, const Workspace& workspace,
                            std::span<float> out) const {
  stream.begin(batch);
  const TensorView hidden = encode(stream, config_, weights_, batch, workspace);
  stream.read(head_.forward(stream, hidden, batch.num_sequences(), workspace), out);
  return stream.finish();
}

Result<void> Model::hidden_states(const Batch& batch, Stream& stream, const Workspace& workspace,
                                  std::span<float> out) const {
  stream.begin(batch);
  stream.read(encode(stream, config_, weights_, batch, workspace), out);
  return stream.finish();
}

}  // namespace fletcher
