// Which backends exist, and how to make one by name.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backend/backend.h"

namespace fletcher {

class ThreadPool;

struct BackendOptions {
  std::string_view device = "auto";  // "auto", "cpu", "reference"
  std::string_view isa = "";   // cpu: forces an instruction set ("scalar", "avx2", "avx512"); empty picks the best
  ThreadPool* pool = nullptr;  // must outlive the backend; null runs on the calling thread alone
};

/// NOT_FOUND for a device this build lacks, FAILED_PRECONDITION for an instruction set this machine lacks; both list
/// what there is.
Result<std::unique_ptr<Backend>> make_backend(const BackendOptions& options);

}  // namespace fletcher
