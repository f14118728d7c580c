// The whole flow of a request: text → tokens → queue → packed batch → encoder → item.

#include "fletcher/engine.h"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <filesystem>
#include <latch>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include "backend/registry.h"
#include "base/result.h"
#include "base/thread_pool.h"
#include "engine/calibration_texts.h"
#include "engine/fingerprint.h"
#include "engine/request_queue.h"
#include "engine/worker.h"
#include "model/model.h"
#include "tokenizer/lower_case.h"
#include "tokenizer/tokenizer.h"

namespace fletcher {
namespace {

constexpr size_t kDefaultBudgetTokens = 2048;
constexpr size_t kBudgetTokensPerThread = 128;  // a chunk each, or weights are read for few tokens (docs/threads.md)
constexpr size_t kQueueBudgets = 16;
constexpr size_t kMaxBudgetTokens = size_t{1} << 20;  // its activations are gigabytes already
constexpr const char* kShuttingDown = "the engine is shutting down";

/// The precision of that name; UNIMPLEMENTED if the backend lacks it.
Result<Precision> find_precision(std::string_view name, const Backend& backend) {
  std::string known;
  for (const PrecisionName& entry : kPrecisionNames) {
    if (!backend.supports(entry.precision)) continue;
    if (entry.name == name) return entry.precision;
    known += (known.empty() ? "" : ", ") + std::string(entry.name);
  }
  return unimplemented("precision \"" + std::string(name) + "\" is not available on " + std::string(backend.name()) +
                       ", wanted one of " + known);
}

std::string device_name(const Backend& backend) {
  std::string name(backend.name());
  if (!backend.instruction_set().empty()) name += " (" + std::string(backend.instruction_set()) + ")";
  return name;
}

std::string_view score_activation_name(ScoreActivation activation) {
  switch (activation) {
    case ScoreActivation::identity:
      return "identity";
    case ScoreActivation::sigmoid:
      return "sigmoid";
    case ScoreActivation::softmax:
      return "softmax";
  }
  return "";
}

/// The last component of the path, but of a cache's ORG--NAME/REVISION or models--ORG--NAME/snapshots/COMMIT the NAME.
std::string name_of_folder(const std::string& path) {
  std::filesystem::path folder = std::filesystem::path(path).lexically_normal();
  if (folder.filename().empty()) folder = folder.parent_path();
  std::filesystem::path parent = folder.parent_path();
  if (parent.filename() == "snapshots") parent = parent.parent_path();
  const std::string above = parent.filename().string();
  const size_t separator = above.rfind("--");
  return separator == std::string::npos ? folder.filename().string() : above.substr(separator + 2);
}

ModelInfo describe(const Model& model, const Backend& backend, const std::string& path) {
  const ModelConfig& config = model.config();
  const SentencePipeline& pipeline = model.pipeline();
  ModelInfo info;
  info.path = path;
  info.name = name_of_folder(path);
  info.architecture = config.architecture;
  info.device = device_name(backend);
  info.weights_dtype = dtype_name(model.stored_dtype());
  info.parameters = model.parameters();
  info.hidden_size = config.hidden_size;
  info.num_hidden_layers = config.num_hidden_layers;
  info.max_length = model.max_length();
  info.vocab_size = config.vocab_size;
  info.classifier = model.is_classifier();
  if (info.classifier) {
    info.labels = config.labels;
    info.score_activation = score_activation_name(config.score_activation);
  } else {
    info.dimensions = model.out_features();
    info.normalize = pipeline.normalize;
    for (const PoolingMode mode : pipeline.pooling) {
      info.pooling += (info.pooling.empty() ? "" : "+") + std::string(pooling_mode_name(mode));
    }
  }
  info.prompts = pipeline.prompts;
  info.default_prompt_name = pipeline.default_prompt_name;
  info.weight_bytes = model.prepared_bytes();
  info.flops_per_token = model.flops_per_token();
  info.flops_per_token_pair = model.flops_per_token_pair();
  return info;
}

/// The calibration texts as the tokenizer of the model has them.
Result<std::vector<CalibrationText>> calibration_tokens(const Tokenizer& tokenizer) {
  std::vector<CalibrationText> out;
  Encoding encoding;
  for (const std::string_view text : calibration_texts()) {
    FLETCHER_TRY(tokenizer.encode(text, {}, encoding));
    out.push_back({encoding.ids, encoding.type_ids});
  }
  return out;
}

/// The reason why no input of a request can be served, if there is one.
Result<void> check_request(const EmbedRequest& request, const Model& model, const ModelInfo& info) {
  if (!request.model.empty() && request.model != info.name) {
    return not_found("model \"" + request.model + "\" is not loaded, \"" + info.name + "\" is");
  }
  const bool wants_dense = (request.outputs & static_cast<uint8_t>(Output::dense)) != 0;
  if (model.is_classifier() && wants_dense) {
    return failed_precondition(info.name + " is a classifier (" + info.architecture +
                               "), it gives scores, not vectors");
  }
  if (!model.is_classifier() && !wants_dense) {
    return failed_precondition(info.name + " is an embedding model, it gives vectors, not scores");
  }
  if (request.dimensions && (*request.dimensions == 0 || *request.dimensions > model.out_features())) {
    return invalid_argument("dimensions " + std::to_string(*request.dimensions) + ", wanted 1 to " +
                            std::to_string(model.out_features()));
  }
  const size_t positions = model.config().max_position_embeddings;
  if (request.max_length && (*request.max_length == 0 || *request.max_length > positions)) {
    return invalid_argument("max_length " + std::to_string(*request.max_length) + ", wanted 1 to " +
                            std::to_string(positions) + ", the positions of this model");
  }
  return {};
}

}  // namespace

struct Engine::Impl {
  EngineOptions options;
  std::unique_ptr<Tokenizer> tokenizer;
  std::unique_ptr<ThreadPool> pool;
  std::unique_ptr<Backend> backend;
  std::unique_ptr<Model> model;
  ModelInfo info;
  std::unique_ptr<RequestQueue> queue;
  std::unique_ptr<Worker> worker;
  std::atomic<double> tokenize_seconds = 0;
  std::mutex submit_mutex;  // guards submitting
  std::condition_variable none_submitting;
  size_t submitting = 0;       // calls of submit() that are inside: the destructor waits for them
  std::jthread worker_thread;  // last: joined before what it uses goes

  /// Counts a call of submit() for as long as it is inside.
  struct Submitting {
    explicit Submitting(Impl& engine) : impl(engine) {
      const std::lock_guard lock(impl.submit_mutex);
      ++impl.submitting;
    }
    ~Submitting() {
      const std::lock_guard lock(impl.submit_mutex);
      if (--impl.submitting == 0) impl.none_submitting.notify_all();
    }
    Impl& impl;
  };

  Result<void> load();
  /// The text to put before every input, from the request's prompt, prompt_name or the model's default.
  Result<std::string> find_prompt(const EmbedRequest& request) const;
  /// Tokens at the front of a sequence that belong to the prompt, [CLS] included.
  Result<int32_t> prompt_tokens(const std::string& prompt) const;
  Result<void> tokenize(const Input& input, const std::string& prompt, const EmbedRequest& request,
                        Encoding& out) const;
  Result<void> check_ids(std::span<const int32_t> ids) const;
  Result<void> check_type_ids(std::span<const int32_t> type_ids) const;
  /// Tokens of `encoding` that pooling leaves out, given those of the prompt. INVALID_ARGUMENT if none would be left.
  Result<int32_t> pool_begin(const Encoding& encoding, int32_t prompt_tokens, bool cut_left) const;
  /// Whether a long input of the request loses its start instead of its end.
  bool cuts_left(const EmbedRequest& request) const;
};

Result<void> Engine::Impl::load() {
  if (options.budget_tokens > kMaxBudgetTokens) {
    return invalid_argument("budget_tokens " + std::to_string(options.budget_tokens) + ", wanted at most " +
                            std::to_string(kMaxBudgetTokens));
  }
  std::error_code error;
  if (std::filesystem::is_regular_file(options.model_path, error)) {
    return invalid_argument(options.model_path + ": is a file, wanted a model folder (with config.json and weights)");
  }
  pool = std::make_unique<ThreadPool>(options.threads == 0 ? usable_threads() : options.threads);
  FLETCHER_TRY_ASSIGN(backend, make_backend({.device = options.device, .isa = options.isa, .pool = pool.get()}));
  FLETCHER_TRY_ASSIGN(const Precision precision, find_precision(options.precision, *backend));
  FLETCHER_TRY_ASSIGN(const SentencePipeline pipeline, read_sentence_pipeline(options.model_path));
  ModelOptions model_options{.precision = precision, .pooling = options.pooling};
  if (precision == Precision::int8) {
    FLETCHER_TRY_ASSIGN(tokenizer, Tokenizer::load(pipeline.transformer_folder));
    FLETCHER_TRY_ASSIGN(const std::vector<CalibrationText> texts, calibration_tokens(*tokenizer));
    model_options.calibration = texts;
    FLETCHER_TRY_ASSIGN(model, Model::load(options.model_path, *backend, model_options));
  } else {
    // The tokenizer loads beside the weights: together they are most of the time to the first vector.
    Result<std::unique_ptr<Tokenizer>> loaded_tokenizer;
    bool no_memory = false;
    const auto load_tokenizer = [&] {
      try {
        loaded_tokenizer = Tokenizer::load(pipeline.transformer_folder);
      } catch (const std::bad_alloc&) {
        no_memory = true;  // nor for a message
      }
    };
    {
      std::jthread loader;
      try {
        loader = std::jthread(load_tokenizer);
      } catch (const std::system_error&) {
        load_tokenizer();  // the system gives no more threads
      }
      FLETCHER_TRY_ASSIGN(model, Model::load(options.model_path, *backend, model_options));
    }
    if (no_memory) return resource_exhausted(pipeline.transformer_folder + ": no memory for the tokenizer");
    FLETCHER_TRY_ASSIGN(tokenizer, std::move(loaded_tokenizer));
  }
  if (tokenizer->vocab_size() > model->config().vocab_size) {
    return failed_precondition(pipeline.transformer_folder + ": the tokenizer has ids up to " +
                               std::to_string(tokenizer->vocab_size() - 1) + ", but config.json's vocab_size is " +
                               std::to_string(model->config().vocab_size));
  }
  info = describe(*model, *backend, options.model_path);
  info.precision = options.precision;
  const size_t enough = std::max(kDefaultBudgetTokens, kBudgetTokensPerThread * pool->num_threads());
  const size_t budget = options.budget_tokens == 0 ? std::min(enough, kMaxBudgetTokens) : options.budget_tokens;
  queue = std::make_unique<RequestQueue>(options.queue_tokens == 0 ? kQueueBudgets * budget : options.queue_tokens);
  FLETCHER_TRY_ASSIGN(worker, Worker::create(*model, *backend, budget));
  info.workspace_bytes = worker->workspace_bytes();
  try {
    worker_thread = std::jthread([this] { worker->run(*queue); });
  } catch (const std::system_error& refused) {
    return resource_exhausted(std::string("cannot start a thread: ") + refused.what());
  }
  return {};
}

Result<std::string> Engine::Impl::find_prompt(const EmbedRequest& request) const {
  if (request.prompt) return *request.prompt;
  const std::string name = request.prompt_name.value_or(info.default_prompt_name);
  if (name.empty()) return std::string();
  if (const auto prompt = info.prompts.find(name); prompt != info.prompts.end()) return prompt->second;
  std::string known;
  for (const auto& entry : info.prompts) known += (known.empty() ? "" : ", ") + entry.first;
  return invalid_argument("prompt_name \"" + name + "\", this model has " + (known.empty() ? "no prompts" : known));
}

Result<int32_t> Engine::Impl::prompt_tokens(const std::string& prompt) const {
  if (prompt.empty() || model->pipeline().include_prompt) return 0;
  Encoding encoding;
  const bool lower = model->pipeline().do_lower_case;
  FLETCHER_TRY(tokenizer->encode(lower ? lower_case(prompt) : prompt, {.with_offsets = true}, encoding));
  size_t tokens = encoding.ids.size();
  while (tokens > 0 && encoding.special[tokens - 1] != 0) --tokens;
  return static_cast<int32_t>(tokens);
}

Result<void> Engine::Impl::check_ids(std::span<const int32_t> ids) const {
  const auto vocab_size = static_cast<int32_t>(model->config().vocab_size);
  for (const int32_t id : ids) {
    if (id < 0 || id >= vocab_size) {
      return invalid_argument("token id " + std::to_string(id) + ", wanted 0 to " + std::to_string(vocab_size - 1) +
                              ", the vocabulary of this model");
    }
  }
  if (ids.empty()) return invalid_argument("no token ids");
  return {};
}

Result<void> Engine::Impl::check_type_ids(std::span<const int32_t> type_ids) const {
  const auto types = static_cast<int32_t>(model->config().type_vocab_size);
  const auto highest = std::ranges::max_element(type_ids);
  if (highest == type_ids.end() || *highest < types) return {};
  return failed_precondition("the tokenizer gives token type " + std::to_string(*highest) +
                             ", but the model's type_vocab_size is " + std::to_string(types));
}

bool Engine::Impl::cuts_left(const EmbedRequest& request) const {
  if (request.truncation) return *request.truncation == Truncation::left;
  return tokenizer->truncation_side() == TruncationSide::left;
}

Result<int32_t> Engine::Impl::pool_begin(const Encoding& encoding, int32_t prompt_tokens, bool cut_left) const {
  if (prompt_tokens == 0) return 0;
  // Cut at the left, the prompt goes first; what stands before it ([CLS]) stays.
  const auto dropped = static_cast<int32_t>(encoding.untruncated_length - encoding.ids.size());
  const int32_t begin = cut_left ? std::max(1, prompt_tokens - dropped) : prompt_tokens;
  if (begin < static_cast<int32_t>(encoding.ids.size())) return begin;
  return invalid_argument("the prompt's " + std::to_string(prompt_tokens) + " tokens leave none of the text within " +
                          std::to_string(encoding.ids.size()));
}

Result<void> Engine::Impl::tokenize(const Input& input, const std::string& prompt, const EmbedRequest& request,
                                    Encoding& out) const {
  const size_t max_length = request.max_length.value_or(model->max_length());
  const bool lower = model->pipeline().do_lower_case;
  EncodeOptions encode_options;
  encode_options.max_length = max_length;
  const bool cut_left = cuts_left(request);
  encode_options.side = cut_left ? TruncationSide::left : TruncationSide::right;
  if (const auto* ids = std::get_if<std::vector<int32_t>>(&input)) {
    FLETCHER_TRY(check_ids(*ids));
    out.clear();
    out.untruncated_length = ids->size();
    const size_t kept = std::min(ids->size(), max_length);
    const auto first = cut_left ? ids->end() - static_cast<ptrdiff_t>(kept) : ids->begin();
    out.ids.assign(first, first + static_cast<ptrdiff_t>(kept));
    out.type_ids.assign(kept, 0);
  } else if (const auto* pair = std::get_if<TextPair>(&input)) {
    FLETCHER_TRY(lower ? tokenizer->encode_pair(lower_case(pair->first), lower_case(pair->second), encode_options, out)
                       : tokenizer->encode_pair(pair->first, pair->second, encode_options, out));
  } else {
    const auto& text = std::get<std::string>(input);
    if (lower) {
      FLETCHER_TRY(tokenizer->encode(lower_case(prompt + text), encode_options, out));
    } else {
      FLETCHER_TRY(prompt.empty() ? tokenizer->encode(text, encode_options, out)
                                  : tokenizer->encode(prompt + text, encode_options, out));
    }
  }
  FLETCHER_TRY(check_type_ids(out.type_ids));
  if (request.truncation == Truncation::error && out.untruncated_length > max_length) {
    return invalid_argument(std::to_string(out.untruncated_length) + " tokens, wanted at most " +
                            std::to_string(max_length));
  }
  if (out.ids.empty()) return invalid_argument("the text has no tokens");
  return {};
}

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Engine::~Engine() {
  if (impl_->queue == nullptr) return;
  for (const PendingItem& item : impl_->queue->close()) {
    item.state->sink(item.index, cancelled(kShuttingDown));
  }
  std::unique_lock lock(impl_->submit_mutex);
  impl_->none_submitting.wait(lock, [this] { return impl_->submitting == 0; });
}

Result<std::unique_ptr<Engine>> Engine::load(const EngineOptions& options) {
  std::unique_ptr<Engine> engine(new Engine(std::make_unique<Impl>()));
  engine->impl_->options = options;
  FLETCHER_TRY(engine->impl_->load());
  return engine;
}

Result<DeviceInfo> Engine::describe_device(const std::string& device, const std::string& isa) {
  FLETCHER_TRY_ASSIGN(const std::unique_ptr<Backend> backend, make_backend({.device = device, .isa = isa}));
  DeviceInfo info{.name = device_name(*backend)};
  for (const PrecisionName& entry : kPrecisionNames) {
    if (backend->supports(entry.precision)) info.precisions.emplace_back(entry.name);
  }
  return info;
}

const ModelInfo& Engine::info() const { return impl_->info; }

Result<std::string> Engine::fingerprint() const { return fingerprint_folder(impl_->options.model_path); }

void Engine::submit(EmbedRequest request, ItemSink sink) {
  Impl& impl = *impl_;
  const Impl::Submitting inside(impl);
  const auto refuse_all = [&](const Error& error) {
    for (size_t i = 0; i < request.inputs.size(); ++i) sink(i, tl::unexpected<Error>(error));
  };
  if (const auto checked = check_request(request, *impl.model, impl.info); !checked) return refuse_all(checked.error());
  const Result<std::string> prompt = impl.find_prompt(request);
  if (!prompt) return refuse_all(prompt.error());
  const Result<int32_t> prompt_tokens = impl.prompt_tokens(*prompt);
  if (!prompt_tokens) return refuse_all(prompt_tokens.error());

  const std::vector<Input> inputs = std::move(request.inputs);
  const auto state = std::make_shared<RequestState>();
  state->normalize = request.normalize.value_or(impl.info.normalize);
  state->request = std::move(request);
  state->sink = std::move(sink);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const auto start = std::chrono::steady_clock::now();
    Encoding encoding;
    const auto tokenized = impl.tokenize(inputs[i], *prompt, state->request, encoding);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    impl.tokenize_seconds += elapsed.count();
    if (!tokenized) {
      state->sink(i, tl::unexpected<Error>(tokenized.error()));
      continue;
    }
    const bool is_text = std::holds_alternative<std::string>(inputs[i]);
    const auto begin = impl.pool_begin(encoding, is_text ? *prompt_tokens : 0, impl.cuts_left(state->request));
    if (!begin) {
      state->sink(i, tl::unexpected<Error>(begin.error()));
      continue;
    }
    PendingItem item{
        state, i, std::move(encoding.ids), std::move(encoding.type_ids), *begin, encoding.untruncated_length};
    switch (impl.queue->push(item)) {
      case RequestQueue::Push::queued:
        break;
      case RequestQueue::Push::stopped:
        state->sink(i, cancelled("the request was cancelled"));
        break;
      case RequestQueue::Push::late:
        state->sink(i, make_error(Code::deadline_exceeded, "the deadline passed before the input was queued"));
        break;
      case RequestQueue::Push::closed:
        for (; i < inputs.size(); ++i) state->sink(i, cancelled(kShuttingDown));
        return;
    }
  }
}

std::vector<Result<Item>> Engine::embed(EmbedRequest request) {
  std::vector<Result<Item>> items(request.inputs.size());
  std::latch done(static_cast<ptrdiff_t>(items.size()));
  submit(std::move(request), [&](size_t index, Result<Item> item) {
    items[index] = std::move(item);
    done.count_down();
  });
  done.wait();
  return items;
}

float Engine::score(const std::vector<float>& logits) const {
  if (logits.empty()) return 0;
  if (impl_->model->config().score_activation == ScoreActivation::identity) return logits[0];
  if (impl_->model->config().score_activation == ScoreActivation::sigmoid) return 1 / (1 + std::exp(-logits[0]));
  const float highest = *std::ranges::max_element(logits);
  float total = 0;
  for (const float logit : logits) total += std::exp(logit - highest);
  return std::exp(logits[0] - highest) / total;
}

Engine::StageTimes Engine::stage_times() const {
  return {impl_->tokenize_seconds, impl_->worker->encode_seconds(), impl_->worker->tokens(), impl_->worker->flops()};
}

}  // namespace fletcher
