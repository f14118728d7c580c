// Records dispatches, then submits the whole forward pass at once and brings the results back in one transfer.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backend/contract.h"
#include "backend/stream.h"
#include "backend/webgpu/device.h"
#include "backend/webgpu/pipelines.h"

namespace fletcher::webgpu {

/// begin() sends ids and sequence boundaries, ops append to a list, finish() encodes one command buffer: dispatches in
/// order (WebGPU orders what they write and read), then the copies that read() asked for. Activations never leave the
/// device in between. Every sum runs in one order, whatever the batch.
class WebGpuStream final : public Stream {
 public:
  WebGpuStream(Device& device, const Pipelines& pipelines, std::chrono::milliseconds timeout);

  void begin(const Batch& batch) override;
  void embed(const EmbeddingSpec& spec, TensorView out) override;
  void linear(TensorView in, const Linear& w, const Epilogue& e, TensorView out) override;
  void norm(TensorView in, const Norm& n, TensorView out) override;
  void attention(TensorView qkv, const AttentionSpec& spec, TensorView out) override;
  void pool(TensorView in, PoolingMode mode, TensorView out) override;
  void l2_normalize(TensorView rows) override;
  void read(TensorView in, std::span<float> out) override;
  Result<void> finish() override;

 private:
  struct Dispatch {
    Shader shader;
    std::array<WGPUBuffer, kInputs> inputs;  // null where the shader has none
    WGPUBuffer out;
    uint64_t workgroups;
  };
  struct Read {
    TensorView view;
    std::span<float> out;
    uint64_t place;  // in staging_, in bytes
  };
  /// A buffer that grows.
  struct Growing {
    Owned<WGPUBuffer> buffer;
    uint64_t size_bytes = 0;
  };
  /// What the callback of a mapping leaves. Shared with the callback, which may come after the stream has gone.
  struct Mapping {
    std::atomic<bool> done = false;
    bool mapped = false;
    std::string message;
  };

  /// Where the parts of the batch begin in batch_buffer_, in words.
  struct BatchLayout {
    uint32_t input_ids, position_ids, token_type_ids, sequences, cu_seqlens, pool_begin;
  };

  template <typename Params>
  void record(const Dispatch& dispatch, const Params& params);
  void embed_table(const EmbeddingTable* table, uint32_t ids, TensorView out, bool overwrite);
  void pack_batch(const Batch& batch);
  Result<void> grow(Growing& buffer, uint64_t bytes, WGPUBufferUsage usage);
  Result<void> run();
  /// The next three run inside Device::checked.
  Owned<WGPUCommandBuffer> encode();
  void encode_dispatches(WGPUCommandEncoder encoder, std::vector<Owned<WGPUBindGroup>>& groups);
  void encode_reads(WGPUCommandEncoder encoder);
  Result<void> fetch();

  Device& device_;
  const Api& api_;
  const Pipelines& pipelines_;
  std::chrono::milliseconds timeout_;
  Contract contract_;

  std::vector<Dispatch> dispatches_;
  std::vector<std::byte> params_;  // kParamsBytes for each dispatch
  std::vector<Read> reads_;
  uint64_t read_bytes_ = 0;
  std::vector<int32_t> batch_words_;
  BatchLayout layout_{};
  size_t longest_ = 0;  // tokens of the longest sequence
  Growing batch_buffer_, params_buffer_, staging_;
  Growing unused_;  // bound where a shader has no input
};

}  // namespace fletcher::webgpu
