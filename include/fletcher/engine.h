// The engine: texts in, vectors and scores out. The one interface behind every front door.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "fletcher/result.h"

namespace fletcher {

/// Two texts read together: a query and a document for a cross-encoder.
struct TextPair {
  std::string first;
  std::string second;
};

/// A text; or the model's own token ids, special tokens included; or a pair.
using Input = std::variant<std::string, std::vector<int32_t>, TextPair>;

/// What happens to an input longer than `max_length`: cut at its end, at its start, or refused.
enum class Truncation : uint8_t { right, left, error };

/// How numbers leave the engine. int8 = round(127·x / max|x|) per vector, uint8 = that + 128; binary = one bit per
/// dimension (x > 0), first dimension in the highest bit, as int8 (minus 128) or uint8 (ubinary).
enum class EmbeddingType : uint8_t { float32, float16, int8, uint8, binary, ubinary };

/// Which queue a request waits in: a person is waiting, or a job is running.
enum class Lane : uint8_t { interactive, bulk };

/// What a request asks for; kinds may be combined where the model has them.
enum class Output : uint8_t { dense = 1, logits = 2 };

/// One request: inputs and the options they share. Owns its texts.
struct EmbedRequest {
  std::string model;  // a served name; empty: the engine's model
  std::vector<Input> inputs;
  std::optional<std::string> prompt;       // put before every text; overrides prompt_name
  std::optional<std::string> prompt_name;  // one of the model's prompts; absent: the model's default, if it has one
  std::optional<Truncation> truncation;    // absent: where the model's tokenizer cuts, mostly right
  std::optional<size_t> max_length;        // tokens, special ones included; absent: the model's
  std::optional<size_t> dimensions;        // keeps the first so many (Matryoshka), then normalises again
  std::optional<bool> normalize;           // absent: as the model's modules say
  uint8_t outputs = static_cast<uint8_t>(Output::dense);  // sum of Output values
  EmbeddingType embedding_type = EmbeddingType::float32;
  Lane lane = Lane::interactive;
  std::optional<std::chrono::steady_clock::time_point> deadline;
  std::stop_token stop_token;
};

/// Non-zero entries of a vector over the vocabulary, ascending by index. Filled by models with a sparse head.
struct SparseVector {
  std::vector<int32_t> indices;
  std::vector<float> values;
};

/// What came of one input.
struct Item {
  std::vector<float> dense;          // [dimensions], float32 whatever the embedding type
  std::vector<std::byte> quantized;  // the embedding type's bytes, little-endian; empty for float32
  std::vector<float> logits;         // [labels], before any activation
  SparseVector sparse;
  std::vector<std::vector<float>> rows;  // one vector per token, for models with a multi-vector head
  size_t tokens = 0;                     // special ones included, as computed
  size_t untruncated_tokens = 0;         // what the whole text would have been
  bool truncated = false;
};

/// Receives the outcome of input `index`, once for each, in any order, on a thread of the engine (or, for a refusal, of
/// the caller). Must not block for long and must not throw.
using ItemSink = std::function<void(size_t index, Result<Item> item)>;

/// What is known of a loaded model.
struct ModelInfo {
  std::string name;  // last component of its folder; in a cache, the name that the folder was pulled by
  std::string path;
  std::string architecture;         // as in config.json
  std::string device;               // backend, and its instruction set if that decides bits: "cpu (avx512)"
  std::string precision;            // "fp32", …
  std::string weights_dtype;        // as stored: "F32", …
  std::string pooling;              // "mean", "cls+max", … ; "" for classifiers
  std::string score_activation;     // classifiers: "sigmoid", "identity", "softmax"
  std::vector<std::string> labels;  // classifiers
  std::map<std::string, std::string> prompts;
  std::string default_prompt_name;
  uint64_t parameters = 0;
  size_t hidden_size = 0;
  size_t num_hidden_layers = 0;
  size_t dimensions = 0;  // of a dense vector; 0 for classifiers
  size_t max_length = 0;  // tokens
  size_t vocab_size = 0;
  bool normalize = false;
  bool classifier = false;
  uint64_t weight_bytes = 0;        // prepared weights, without tables read from the mapped file
  uint64_t workspace_bytes = 0;     // activations at the current token budget
  double flops_per_token = 0;       // of the linear layers: 2 × weights
  double flops_per_token_pair = 0;  // of attention: per token and per token it attends to
};

/// What a device of this machine is and can do.
struct DeviceInfo {
  std::string name;                     // as ModelInfo::device: "cpu (avx512)"
  std::vector<std::string> precisions;  // what EngineOptions::precision may be, the exact first: "fp32", …
};

struct EngineOptions {
  std::string model_path;          // a folder in Hugging Face layout
  std::string device = "auto";     // auto, cpu, reference; webgpu where the build has it
  std::string isa;                 // forces the CPU's instruction set; empty: the best
  size_t threads = 0;              // 0: what affinity and cgroup allow
  std::string precision = "fp32";  // one of DeviceInfo::precisions
  std::string pooling;             // overrides the model's: cls, mean, max, mean_sqrt_len, weightedmean, lasttoken
  size_t budget_tokens = 0;        // tokens of one packed batch; 0: 2,048, or 128 a thread if that is more
  size_t queue_tokens = 0;         // submit() blocks above this many waiting tokens; 0: 16 × budget
};

/// A loaded model and the threads that serve it. Thread-safe. The destructor fails what still waits with CANCELLED.
class Engine {
 public:
  /// Errors name the file and the field: NOT_FOUND, INVALID_ARGUMENT, DATA_LOSS, FAILED_PRECONDITION, UNIMPLEMENTED.
  static Result<std::unique_ptr<Engine>> load(const EngineOptions& options);
  /// What EngineOptions with this device and instruction set would compute on. NOT_FOUND, FAILED_PRECONDITION.
  static Result<DeviceInfo> describe_device(const std::string& device, const std::string& isa);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  const ModelInfo& info() const;
  /// XXH3-128 of everything in the folder that decides the vectors, as 32 hexadecimal digits. Reads every weight on the
  /// first call.
  Result<std::string> fingerprint() const;

  /// Tokenises on the calling thread and queues; blocks while the queue is full. Every input reaches `sink` exactly
  /// once.
  void submit(EmbedRequest request, ItemSink sink);
  /// submit() and wait: results in the order of the inputs.
  std::vector<Result<Item>> embed(EmbedRequest request);

  /// The score that the model's authors mean by these logits: one number in the model's own activation.
  float score(const std::vector<float>& logits) const;

  /// Seconds spent so far in each stage, for benchmarks.
  struct StageTimes {
    double tokenize_seconds = 0;
    double encode_seconds = 0;
    uint64_t tokens = 0;
    double flops = 0;  // useful operations, as DESIGN counts percent of peak
  };
  StageTimes stage_times() const;

 private:
  struct Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fletcher
