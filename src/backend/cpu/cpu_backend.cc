#include "backend/cpu/cpu_backend.h"

#include <algorithm>
#include <string>
#include <utility>

#include "backend/cpu/cpu_stream.h"
#include "backend/cpu/gemm/pack.h"
#include "backend/cpu/kernels.h"
#include "backend/cpu/prepared.h"

namespace fletcher::cpu {

Result<std::unique_ptr<CpuBackend>> CpuBackend::create(const CpuOptions& options) {
  const auto usable = usable_kernels();
  const auto found = std::ranges::find(usable, options.isa, &Kernels::isa);
  if (!options.isa.empty() && found == usable.end()) {
    std::string message = "instruction set \"" + std::string(options.isa) + "\", this machine has";
    for (const Kernels* kernels : usable) message += " " + std::string(kernels->isa);
    return failed_precondition(std::move(message));
  }
  const Kernels& kernels = options.isa.empty() ? *usable.back() : **found;
  return std::unique_ptr<CpuBackend>(new CpuBackend(kernels, options.pool, options.schedule));
}

std::string_view CpuBackend::instruction_set() const { return kernels_.isa; }

bool CpuBackend::supports(Precision precision) const {
  if (precision == Precision::bf16) return kernels_.gemm_bf16 != nullptr;
  return precision == Precision::f32 || precision == Precision::int8;
}

Result<Backend::Activation> CpuBackend::activation(size_t rows, size_t cols) {
  // More than any machine has; keeps the multiplication from wrapping.
  constexpr size_t kMostValues = size_t{1} << 46;
  const bool fits = rows == 0 || cols <= kMostValues / rows;
  auto values = fits ? AlignedBuffer<float>::allocate(rows * cols) : std::nullopt;
  if (!values) {
    return resource_exhausted("no memory for activations of " + std::to_string(rows) + " x " + std::to_string(cols) +
                              " values");
  }
  auto buffer = std::make_unique<CpuBuffer>(std::move(*values));
  TensorView view{buffer.get(), 0, rows, cols, cols, DType::f32};
  return Activation{std::move(buffer), view};
}

Result<std::unique_ptr<Linear>> CpuBackend::prepare_linear(const LinearSource& source) {
  FLETCHER_TRY(validate(source));
  if (!supports(source.precision)) {
    return unimplemented("cpu backend: no products of this precision with " + std::string(kernels_.isa));
  }
  return pack_linear(source, kernels_, pool_);
}

Result<std::unique_ptr<Norm>> CpuBackend::prepare_norm(const NormSource& source) {
  FLETCHER_TRY(validate(source));
  FLETCHER_TRY_ASSIGN(AlignedBuffer<float> gamma, pack_row(source.gamma, kernels_));
  FLETCHER_TRY_ASSIGN(AlignedBuffer<float> beta,
                      source.beta.data.empty() ? zeros(gamma.size()) : pack_row(source.beta, kernels_));
  return std::make_unique<CpuNorm>(std::move(gamma), std::move(beta), source.eps);
}

Result<std::unique_ptr<EmbeddingTable>> CpuBackend::prepare_embedding(const HostMatrix& source) {
  FLETCHER_TRY(validate(source));
  return std::make_unique<CpuEmbedding>(source);
}

std::unique_ptr<Stream> CpuBackend::open_stream() { return std::make_unique<CpuStream>(kernels_, pool_, schedule_); }

}  // namespace fletcher::cpu
