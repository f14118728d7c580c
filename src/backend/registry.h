// Which backends exist, and how to make one by name.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "backend/backend.h"

namespace fletcher {

class ThreadPool;

struct BackendOptions {
  std::string_view device = "auto";  // one of device_names()
  std::string_view isa = "";   // cpu: forces an instruction set ("scalar", "avx2", "avx512"); empty picks the best
  ThreadPool* pool = nullptr;  // must outlive the backend; null runs on the calling thread alone
};

/// The devices that this build can make, whether or not this machine has them.
std::span<const std::string_view> device_names();

/// NOT_FOUND for a device this build lacks, FAILED_PRECONDITION for an instruction set or an adapter this machine
/// lacks; the former two list what there is.
Result<std::unique_ptr<Backend>> make_backend(const BackendOptions& options);

}  // namespace fletcher
