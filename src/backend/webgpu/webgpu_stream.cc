#include "backend/webgpu/webgpu_stream.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "backend/webgpu/prepared.h"

namespace fletcher::webgpu {
namespace {

/// A size or place in elements. It fits: no buffer is larger than Device::max_binding_bytes().
uint32_t u32(size_t value) { return static_cast<uint32_t>(value); }

/// Workgroups for one invocation an element.
uint64_t workgroups_for(uint64_t elements) { return (elements + kWorkgroupSize - 1) / kWorkgroupSize; }

/// Iterations of all loops of an invocation of attention.wgsl, at most.
uint64_t attention_loops(uint64_t tokens, uint64_t head_dim) {
  const uint64_t blocks = (tokens + kWorkgroupSize - 1) / kWorkgroupSize, columns = workgroups_for(head_dim);
  return blocks * (1 + head_dim + 2 * kWorkgroupSize + columns * (1 + kWorkgroupSize)) + 2 * columns;
}

struct Grid {
  uint32_t x, y;
};
/// At least so many workgroups, in rows that every adapter takes: shaders number them from left to right.
Grid grid(uint64_t workgroups) {
  constexpr uint64_t kMostWorkgroups = 65535;
  const uint64_t x = std::min(workgroups, kMostWorkgroups);
  return {static_cast<uint32_t>(x), static_cast<uint32_t>((workgroups + x - 1) / x)};
}

WGPUBuffer handle_of(const TensorView& view) { return static_cast<const WebGpuBuffer*>(view.buffer)->handle(); }

}  // namespace

WebGpuStream::WebGpuStream(Device& device, const Pipelines& pipelines, std::chrono::milliseconds timeout)
    : device_(device),
      api_(device.api()),
      pipelines_(pipelines),
      timeout_(timeout),
      contract_("webgpu"),
      batch_buffer_{{nullptr, api_.BufferRelease}},
      params_buffer_{{nullptr, api_.BufferRelease}},
      staging_{{nullptr, api_.BufferRelease}},
      unused_{{nullptr, api_.BufferRelease}} {}

Result<void> WebGpuStream::grow(Growing& buffer, uint64_t bytes, WGPUBufferUsage usage) {
  if (buffer.buffer != nullptr && bytes <= buffer.size_bytes) return {};
  FLETCHER_TRY_ASSIGN(buffer.buffer, device_.make_buffer(bytes, usage));
  buffer.size_bytes = bytes;
  return {};
}

void WebGpuStream::pack_batch(const Batch& batch) {
  batch_words_.clear();
  const auto append = [&](const std::vector<int32_t>& words) {
    const uint32_t place = u32(batch_words_.size());
    batch_words_.insert(batch_words_.end(), words.begin(), words.end());
    return place;
  };
  layout_.input_ids = append(batch.input_ids);
  layout_.position_ids = append(batch.position_ids);
  layout_.token_type_ids = append(batch.token_type_ids);
  layout_.cu_seqlens = append(batch.cu_seqlens);
  layout_.pool_begin = append(batch.pool_begin);
  layout_.sequences = u32(batch_words_.size());
  longest_ = 0;
  for (size_t s = 0; s < batch.num_sequences(); ++s) {
    const auto tokens = static_cast<size_t>(batch.cu_seqlens[s + 1] - batch.cu_seqlens[s]);
    longest_ = std::max(longest_, tokens);
    batch_words_.insert(batch_words_.end(), tokens, static_cast<int32_t>(s));
  }
}

void WebGpuStream::begin(const Batch& batch) {
  contract_.begin(batch);
  dispatches_.clear();
  params_.clear();
  reads_.clear();
  read_bytes_ = 0;
  pack_batch(batch);
  const uint64_t bytes = batch_words_.size() * sizeof(int32_t);
  auto sent = grow(batch_buffer_, bytes, WGPUBufferUsage_Storage | WGPUBufferUsage_CopyDst);
  if (sent) {
    sent = device_.checked(
        [&] { api_.QueueWriteBuffer(device_.queue(), batch_buffer_.buffer.get(), 0, batch_words_.data(), bytes); });
  }
  if (!sent) contract_.fail(std::move(sent).error());
}

template <typename Params>
void WebGpuStream::record(const Dispatch& dispatch, const Params& params) {
  static_assert(sizeof(Params) <= kParamsBytes);
  if (dispatch.workgroups == 0) return;
  dispatches_.push_back(dispatch);
  params_.resize(params_.size() + kParamsBytes);
  std::memcpy(params_.data() + params_.size() - kParamsBytes, &params, sizeof params);
}

void WebGpuStream::embed_table(const EmbeddingTable* table, uint32_t ids, TensorView out, bool overwrite) {
  if (table == nullptr) return;
  for (const Part& part : static_cast<const WebGpuEmbedding*>(table)->parts()) {
    record({Shader::embed,
            {batch_buffer_.buffer.get(), part.buffer.get()},
            handle_of(out),
            workgroups_for(out.rows * out.cols)},
           EmbedParams{.tokens = u32(out.rows),
                       .cols = u32(out.cols),
                       .ids = ids,
                       .first_row = u32(part.first_row),
                       .part_rows = u32(part.rows),
                       .overwrite = overwrite,
                       .out_offset = u32(out.offset),
                       .out_stride = u32(out.row_stride)});
    overwrite = false;
  }
}

void WebGpuStream::embed(const EmbeddingSpec& spec, TensorView out) {
  if (!contract_.embed(spec, out)) return;
  embed_table(spec.word, layout_.input_ids, out, true);
  embed_table(spec.position, layout_.position_ids, out, false);
  embed_table(spec.token_type, layout_.token_type_ids, out, false);
  if (spec.norm != nullptr) norm(out, *spec.norm, out);
}

void WebGpuStream::linear(TensorView in, const Linear& w, const Epilogue& e, TensorView out) {
  if (!contract_.linear(in, w, e, out)) return;
  const auto& weights = static_cast<const WebGpuLinear&>(w);
  const WGPUBuffer residual = e.residual ? handle_of(e.residual) : nullptr;
  const bool residual_in_out = residual == handle_of(out);
  for (const Part& part : weights.parts()) {
    record({Shader::linear,
            {handle_of(in), part.buffer.get(), weights.bias(), residual_in_out ? nullptr : residual},
            handle_of(out),
            workgroups_for(out.rows * part.rows)},
           LinearParams{.rows = u32(out.rows),
                        .inner = u32(in.cols),
                        .part_cols = u32(part.rows),
                        .first_col = u32(part.first_row),
                        .in_offset = u32(in.offset),
                        .in_stride = u32(in.row_stride),
                        .out_offset = u32(out.offset),
                        .out_stride = u32(out.row_stride),
                        .residual = !e.residual       ? 0u
                                    : residual_in_out ? 2u
                                                      : 1u,
                        .residual_offset = u32(e.residual.offset),
                        .residual_stride = u32(e.residual.row_stride),
                        .act = static_cast<uint32_t>(e.act)});
  }
}

void WebGpuStream::norm(TensorView in, const Norm& n, TensorView out) {
  if (!contract_.norm(in, n, out)) return;
  const auto& weights = static_cast<const WebGpuNorm&>(n);
  record({Shader::norm, {handle_of(in), weights.gamma_beta()}, handle_of(out), workgroups_for(out.rows)},
         NormParams{.rows = u32(out.rows),
                    .cols = u32(out.cols),
                    .in_offset = u32(in.offset),
                    .in_stride = u32(in.row_stride),
                    .out_offset = u32(out.offset),
                    .out_stride = u32(out.row_stride),
                    .eps = weights.eps()});
}

void WebGpuStream::attention(TensorView qkv, const AttentionSpec& spec, TensorView out) {
  if (!contract_.attention(qkv, spec, out)) return;
  if (attention_loops(longest_, spec.head_dim) > device_.max_loop_iterations()) {
    return contract_.fail({Code::unimplemented, "webgpu backend: attention over " + std::to_string(longest_) +
                                                    " tokens with heads of " + std::to_string(spec.head_dim) +
                                                    ", more than a software adapter loops over"});
  }
  record({Shader::attention,
          {handle_of(qkv), batch_buffer_.buffer.get()},
          handle_of(out),
          out.rows * spec.num_attention_heads},
         AttentionParams{.tokens = u32(out.rows),
                         .heads = u32(spec.num_attention_heads),
                         .kv_heads = u32(spec.num_key_value_heads),
                         .head_dim = u32(spec.head_dim),
                         .scale = spec.scale,
                         .sequences = layout_.sequences,
                         .cu_seqlens = layout_.cu_seqlens,
                         .in_offset = u32(qkv.offset),
                         .in_stride = u32(qkv.row_stride),
                         .out_offset = u32(out.offset),
                         .out_stride = u32(out.row_stride)});
}

void WebGpuStream::pool(TensorView in, PoolingMode mode, TensorView out) {
  if (!contract_.pool(in, out)) return;
  record(
      {Shader::pool, {handle_of(in), batch_buffer_.buffer.get()}, handle_of(out), workgroups_for(out.rows * out.cols)},
      PoolParams{.sequences = u32(out.rows),
                 .cols = u32(out.cols),
                 .mode = static_cast<uint32_t>(mode),
                 .cu_seqlens = layout_.cu_seqlens,
                 .pool_begin = layout_.pool_begin,
                 .in_offset = u32(in.offset),
                 .in_stride = u32(in.row_stride),
                 .out_offset = u32(out.offset),
                 .out_stride = u32(out.row_stride)});
}

void WebGpuStream::l2_normalize(TensorView rows) {
  if (!contract_.l2_normalize(rows)) return;
  record(
      {Shader::l2_normalize, {}, handle_of(rows), workgroups_for(rows.rows)},
      L2NormalizeParams{
          .rows = u32(rows.rows), .cols = u32(rows.cols), .offset = u32(rows.offset), .stride = u32(rows.row_stride)});
}

void WebGpuStream::read(TensorView in, std::span<float> out) {
  if (!contract_.read(in, out) || in.rows * in.cols == 0) return;
  reads_.push_back({in, out, read_bytes_});
  read_bytes_ += in.rows * in.cols * sizeof(float);
}

Result<void> WebGpuStream::finish() {
  Result<void> status = contract_.status();
  if (status) status = run();
  dispatches_.clear();  // a second finish() has nothing to do
  reads_.clear();
  return status;
}

Result<void> WebGpuStream::run() {
  if (dispatches_.empty() && reads_.empty()) return device_.health();
  FLETCHER_TRY(grow(params_buffer_, params_.size(), WGPUBufferUsage_Uniform | WGPUBufferUsage_CopyDst));
  FLETCHER_TRY(grow(staging_, read_bytes_, WGPUBufferUsage_MapRead | WGPUBufferUsage_CopyDst));
  FLETCHER_TRY(grow(unused_, 0, WGPUBufferUsage_Storage));
  Owned<WGPUCommandBuffer> commands(nullptr, api_.CommandBufferRelease);
  FLETCHER_TRY(device_.checked([&] { commands = encode(); }));
  const WGPUCommandBuffer list[] = {commands.get()};
  FLETCHER_TRY(device_.submit(list));
  auto fetched = fetch();
  if (!fetched) staging_.buffer.reset();  // perhaps still being mapped
  return fetched;
}

Owned<WGPUCommandBuffer> WebGpuStream::encode() {
  api_.QueueWriteBuffer(device_.queue(), params_buffer_.buffer.get(), 0, params_.data(), params_.size());
  const Owned<WGPUCommandEncoder> encoder(api_.DeviceCreateCommandEncoder(device_.handle(), nullptr),
                                          api_.CommandEncoderRelease);
  std::vector<Owned<WGPUBindGroup>> groups;
  groups.reserve(dispatches_.size());
  encode_dispatches(encoder.get(), groups);
  encode_reads(encoder.get());
  return {api_.CommandEncoderFinish(encoder.get(), nullptr), api_.CommandBufferRelease};
}

void WebGpuStream::encode_dispatches(WGPUCommandEncoder encoder, std::vector<Owned<WGPUBindGroup>>& groups) {
  const Owned<WGPUComputePassEncoder> pass(api_.CommandEncoderBeginComputePass(encoder, nullptr),
                                           api_.ComputePassEncoderRelease);
  for (size_t i = 0; i < dispatches_.size(); ++i) {
    const Dispatch& dispatch = dispatches_[i];
    std::array<WGPUBindGroupEntry, kOutBinding + 1> entries{};
    for (uint32_t binding = 0; binding < entries.size(); ++binding) {
      entries[binding].binding = binding;
      entries[binding].size = WGPU_WHOLE_SIZE;
    }
    entries[kParamsBinding].buffer = params_buffer_.buffer.get();
    entries[kParamsBinding].offset = i * kParamsBytes;
    entries[kParamsBinding].size = kParamsBytes;
    for (size_t input = 0; input < kInputs; ++input) {
      const WGPUBuffer buffer = dispatch.inputs[input];
      const bool bound = buffer != nullptr && buffer != dispatch.out;
      entries[kFirstInputBinding + input].buffer = bound ? buffer : unused_.buffer.get();
    }
    entries[kOutBinding].buffer = dispatch.out;
    WGPUBindGroupDescriptor descriptor{};
    descriptor.layout = pipelines_.bindings();
    descriptor.entryCount = entries.size();
    descriptor.entries = entries.data();
    groups.emplace_back(api_.DeviceCreateBindGroup(device_.handle(), &descriptor), api_.BindGroupRelease);

    const bool in_place = dispatch.inputs[0] == dispatch.out;
    const auto [x, y] = grid(dispatch.workgroups);
    api_.ComputePassEncoderSetPipeline(pass.get(), pipelines_.get(dispatch.shader, in_place));
    api_.ComputePassEncoderSetBindGroup(pass.get(), 0, groups.back().get(), 0, nullptr);
    api_.ComputePassEncoderDispatchWorkgroups(pass.get(), x, y, 1);
  }
  api_.ComputePassEncoderEnd(pass.get());
}

void WebGpuStream::encode_reads(WGPUCommandEncoder encoder) {
  for (const Read& read : reads_) {
    const TensorView& view = read.view;
    const bool gapless = view.row_stride == view.cols;
    const size_t copies = gapless ? 1 : view.rows;
    const uint64_t bytes = (gapless ? view.rows : 1) * view.cols * sizeof(float);
    for (size_t i = 0; i < copies; ++i) {
      const uint64_t from = (view.offset + i * view.row_stride) * sizeof(float);
      api_.CommandEncoderCopyBufferToBuffer(encoder, handle_of(view), from, staging_.buffer.get(),
                                            read.place + i * bytes, bytes);
    }
  }
}

Result<void> WebGpuStream::fetch() {
  const auto mapping = std::make_shared<Mapping>();
  WGPUBufferMapCallbackInfo callback{};
  callback.mode = WGPUCallbackMode_AllowSpontaneous;
  callback.callback = [](WGPUMapAsyncStatus status, WGPUStringView message, void* userdata, void*) {
    const std::unique_ptr<std::shared_ptr<Mapping>> shared(static_cast<std::shared_ptr<Mapping>*>(userdata));
    (*shared)->mapped = status == WGPUMapAsyncStatus_Success;
    (*shared)->message = text_of(message);
    (*shared)->done = true;
  };
  const uint64_t bytes = std::max(read_bytes_, uint64_t{sizeof(float)});
  FLETCHER_TRY(device_.checked([&] {
    callback.userdata1 = std::make_unique<std::shared_ptr<Mapping>>(mapping).release();  // the callback owns it
    api_.BufferMapAsync(staging_.buffer.get(), WGPUMapMode_Read, 0, bytes, callback);
  }));
  FLETCHER_TRY(device_.wait(mapping->done, timeout_));
  if (!mapping->mapped) {
    FLETCHER_TRY(device_.health());
    return internal_error("webgpu backend: results cannot be read: " + mapping->message);
  }
  const auto* values = static_cast<const std::byte*>(api_.BufferGetConstMappedRange(staging_.buffer.get(), 0, bytes));
  if (values == nullptr) return internal_error("webgpu backend: results are nowhere in host memory");
  for (const Read& read : reads_) {
    std::memcpy(read.out.data(), values + read.place, read.view.rows * read.view.cols * sizeof(float));
  }
  api_.BufferUnmap(staging_.buffer.get());
  return {};
}

}  // namespace fletcher::webgpu
