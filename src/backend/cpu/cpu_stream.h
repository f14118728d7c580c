// Records ops, then runs the whole forward pass at once, divided over threads as suits the batch.
#pragma once

#include <vector>

#include "backend/contract.h"
#include "backend/cpu/cpu_backend.h"
#include "backend/cpu/kernels.h"
#include "backend/cpu/op.h"
#include "backend/cpu/plan.h"
#include "backend/stream.h"

namespace fletcher::cpu {

/// Nothing runs before finish(). Many sequences: each thread takes chunks of whole sequences through all ops, no thread
/// waits for another, activations stay in its cache. One long text, or few: op by op, each divided over all threads.
/// What activations hold after finish() is nobody's business: chunks may have shared rows. After a few batches it
/// allocates nothing.
class CpuStream final : public Stream {
 public:
  CpuStream(const Kernels& kernels, ThreadPool* pool, Schedule schedule);

  void begin(const Batch& batch) override;
  void embed(const EmbeddingSpec& spec, TensorView out) override;
  void linear(TensorView in, const Linear& w, const Epilogue& e, TensorView out) override;
  void norm(TensorView in, const Norm& n, TensorView out) override;
  void linear_norm(TensorView in, const Linear& w, const Epilogue& e, const Norm& n, TensorView sum,
                   TensorView out) override;
  void attention(TensorView qkv, const AttentionSpec& spec, TensorView out) override;
  void pool(TensorView in, PoolingMode mode, TensorView out) override;
  void l2_normalize(TensorView rows) override;
  void read(TensorView in, std::span<float> out) override;
  Result<void> finish() override;

 private:
  /// Which rows of a batch a view has.
  enum class Rows : uint8_t { tokens, sequences, other };
  /// A view's place in its buffer: where it differs, rows of one view are not those of the other.
  struct Layout {
    const Buffer* buffer;
    Rows rows;
    size_t row_stride;
    size_t first_row;
    bool operator==(const Layout&) const = default;
  };

  Rows rows_of(const TensorView& view) const;
  void note_layout(const TensorView& view);
  Result<void> make_plan();
  void find_pairs();
  bool can_share_rows() const;
  size_t end_of_row_ops(size_t i) const;
  void run_row_ops(std::span<const Op> ops, size_t first, size_t last, float* scratch);
  void run_chunk(const Chunk& chunk, size_t thread);
  void run_op(const Op& op);
  void run_op_product(const Op& op);
  void run_op_attention(const Op& op);
  /// task(i, thread) for i in [0, count): on the pool if there is one and the work, in flops, is worth its wake.
  template <typename Task>
  void parallel(double flops, size_t count, const Task& task);

  const Kernels& kernels_;
  ThreadPool* pool_;
  Schedule schedule_;
  size_t threads_;

  Contract contract_;
  const Batch* batch_ = nullptr;
  std::vector<Op> ops_;

  // Of the batch in finish(); kept for their memory.
  bool by_chunk_ = false;
  size_t slot_rows_ = 0;  // rows of activations that a thread uses for every chunk; 0: a chunk uses those of its tokens
  Cost cost_;
  std::vector<Layout> layouts_;
  std::vector<Chunk> chunks_;
  std::vector<double> loads_;
  std::vector<std::vector<Op>> chunk_ops_;     // by thread: ops_ with the views of its rows
  std::vector<AlignedBuffer<float>> scratch_;  // by thread: for attention, and rows of a product in its precision
};

}  // namespace fletcher::cpu
