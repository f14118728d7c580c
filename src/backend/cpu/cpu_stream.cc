#include "backend/cpu/cpu_stream.h"

#include "base/thread_pool.h"

namespace fletcher::cpu {

CpuStream::CpuStream(const Kernels& kernels, ThreadPool* pool, Schedule schedule)
    : kernels_(kernels),
      pool_(pool),
      schedule_(schedule),
      threads_(pool == nullptr ? 1 : pool->num_threads()),
      contract_("cpu"),
      chunk_ops_(threads_),
      scratch_(threads_) {}

void CpuStream::begin(const Batch& batch) {
  contract_.begin(batch);
  batch_ = &batch;
  ops_.clear();
}

void CpuStream::embed(const EmbeddingSpec& spec, TensorView out) {
  if (!contract_.embed(spec, out)) return;
  ops_.push_back(
      {.kind = OpKind::embed, .out = out, .norm = static_cast<const CpuNorm*>(spec.norm), .embedding = spec});
}

void CpuStream::linear(TensorView in, const Linear& w, const Epilogue& e, TensorView out) {
  if (!contract_.linear(in, w, e, out)) return;
  ops_.push_back(
      {.kind = OpKind::linear, .in = in, .out = out, .linear = static_cast<const CpuLinear*>(&w), .epilogue = e});
}

void CpuStream::norm(TensorView in, const Norm& n, TensorView out) {
  if (!contract_.norm(in, n, out)) return;
  ops_.push_back({.kind = OpKind::norm, .in = in, .out = out, .norm = static_cast<const CpuNorm*>(&n)});
}

void CpuStream::linear_norm(TensorView in, const Linear& w, const Epilogue& e, const Norm& n, TensorView sum,
                            TensorView out) {
  if (!contract_.linear_norm(in, w, e, n, sum, out)) return;
  ops_.push_back({.kind = OpKind::linear_norm,
                  .in = in,
                  .out = out,
                  .sum = sum,
                  .linear = static_cast<const CpuLinear*>(&w),
                  .epilogue = e,
                  .norm = static_cast<const CpuNorm*>(&n)});
}

void CpuStream::attention(TensorView qkv, const AttentionSpec& spec, TensorView out) {
  if (!contract_.attention(qkv, spec, out)) return;
  ops_.push_back({.kind = OpKind::attention, .in = qkv, .out = out, .attention = spec});
}

void CpuStream::pool(TensorView in, PoolingMode mode, TensorView out) {
  if (!contract_.pool(in, out)) return;
  ops_.push_back({.kind = OpKind::pool, .in = in, .out = out, .pooling = mode});
}

void CpuStream::l2_normalize(TensorView rows) {
  if (!contract_.l2_normalize(rows)) return;
  ops_.push_back({.kind = OpKind::l2_normalize, .in = rows, .out = rows});
}

void CpuStream::read(TensorView in, std::span<float> out) {
  if (!contract_.read(in, out)) return;
  ops_.push_back({.kind = OpKind::read, .in = in, .host = out.data()});
}

}  // namespace fletcher::cpu
