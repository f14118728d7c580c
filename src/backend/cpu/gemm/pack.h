// Weights as the product kernels read them.
#pragma once

#include <memory>

#include "backend/cpu/kernels.h"
#include "backend/cpu/prepared.h"

namespace fletcher {
class ThreadPool;
}

namespace fletcher::cpu {

/// Packs stacked weights [out, in] into the panels of GemmArgs, in the precision of the source, on the pool's threads
/// (or the calling one if null). `source` is valid. RESOURCE_EXHAUSTED without memory for them.
/// int8: s8 with a scale per output feature and group of input features, the one of least squared error.
Result<std::unique_ptr<Linear>> pack_linear(const LinearSource& source, const Kernels& kernels, ThreadPool* pool);

/// One row of floats from a valid source of one row; a row of zeros. RESOURCE_EXHAUSTED as above.
Result<AlignedBuffer<float>> pack_row(const HostMatrix& source, const Kernels& kernels);
Result<AlignedBuffer<float>> zeros(size_t size);

}  // namespace fletcher::cpu
