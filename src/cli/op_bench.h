// fletcher bench --ops: each op of a layer alone, against the peak and the memory of this machine.
#pragma once

#include <string>

#include "cli/failure.h"

namespace fletcher::cli {

struct OpBenchOptions {
  std::string device = "auto";
  std::string isa;
  std::string precision = "auto";  // auto: every one that the device has
  std::string op;                  // part of the names to measure; empty: all
  std::string shape;               // one of kLayerShapes; empty: all
  size_t threads = 0;              // 0: as many as affinity and cgroup allow
  double seconds = 0.1;            // of each row
  bool json = false;
};

/// Measures and prints, a table for each precision and shape as it is done, or one object. Every row is timed in turns
/// with the limits it is compared with: clock rates drift, neighbours come and go.
Outcome<void> run_op_bench(const OpBenchOptions& options);

}  // namespace fletcher::cli
