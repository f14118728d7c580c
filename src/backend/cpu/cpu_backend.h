// The CPU: packed weights, kernels of the best instruction set, one pool of threads.
#pragma once

#include <memory>
#include <string_view>

#include "backend/backend.h"

namespace fletcher {

class ThreadPool;

namespace cpu {

struct Kernels;

/// How a stream divides a batch over threads. The bits of the results do not depend on it.
enum class Schedule : uint8_t {
  automatic,
  by_chunk,  // whole sequences go through all ops on one thread
  by_op,     // every op is divided over all threads
};

struct CpuOptions {
  std::string_view isa = "";   // "scalar", "avx2", "avx512_vnni", …; empty picks the best
  ThreadPool* pool = nullptr;  // must outlive the backend; null runs on the calling thread alone
  Schedule schedule = Schedule::automatic;
};

/// Products in f32 and int8, and in bf16 where the instruction set has it. Streams of one backend share the pool and
/// take turns on it.
class CpuBackend final : public Backend {
 public:
  /// FAILED_PRECONDITION for an instruction set that this machine lacks or nobody knows; says which there are.
  static Result<std::unique_ptr<CpuBackend>> create(const CpuOptions& options);

  std::string_view name() const override { return "cpu"; }
  std::string_view instruction_set() const override;
  bool supports(Precision precision) const override;
  Result<Activation> activation(size_t rows, size_t cols) override;
  Result<std::unique_ptr<Linear>> prepare_linear(const LinearSource& source) override;
  Result<std::unique_ptr<Norm>> prepare_norm(const NormSource& source) override;
  Result<std::unique_ptr<EmbeddingTable>> prepare_embedding(const HostMatrix& source) override;
  std::unique_ptr<Stream> open_stream() override;

 private:
  CpuBackend(const Kernels& kernels, ThreadPool* pool, Schedule schedule)
      : kernels_(kernels), pool_(pool), schedule_(schedule) {}

  const Kernels& kernels_;
  ThreadPool* pool_;
  Schedule schedule_;
};

}  // namespace cpu
}  // namespace fletcher
