// Weights as the product kernels read them.
#pragma once

#include <memory>

#include "backend/cpu/kernels.h"
#include "backend/cpu/prepared.h"

namespace fletcher {
class ThreadPool;
}

namespace fletcher::cpu {

/// Packs stacked weights [out, in] into the panels of GemmArgs, converted to f32, on the pool's threads (or the calling
/// one if null). `source` is valid.
std::unique_ptr<CpuLinear> pack_linear(const LinearSource& source, const Kernels& kernels, ThreadPool* pool);

/// One row of floats from a valid source of one row.
AlignedBuffer<float> pack_row(const HostMatrix& source, const Kernels& kernels);

}  // namespace fletcher::cpu
