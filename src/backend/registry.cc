#include "backend/registry.h"

#include "backend/cpu/cpu_backend.h"
#include "backend/reference/reference_backend.h"

namespace fletcher {

Result<std::unique_ptr<Backend>> make_backend(const BackendOptions& options) {
  if (options.device == "auto" || options.device == "cpu") {
    return cpu::CpuBackend::create({.isa = options.isa, .pool = options.pool});
  }
  if (options.device == "reference") return make_reference_backend();
  return not_found("device \"" + std::string(options.device) + "\", this build has auto, cpu and reference");
}

}  // namespace fletcher
