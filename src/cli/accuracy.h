// Accuracy records as commands use them: which there are, which precision they allow, how people read them.
#pragma once

#include <span>
#include <string>

#include "cli/failure.h"
#include "fletcher/engine.h"
#include "verify/record.h"
#include "verify/record_store.h"

namespace fletcher::cli {

/// The records in the cache that the environment names.
verify::RecordStore record_store();

/// A usage error if a device cannot compute at that precision.
Outcome<void> check_precision(const std::string& precision, const DeviceInfo& device);

/// What `--precision auto` means for this model on this device, by its records; "fp32" where there are none, which is
/// logged. Errors as Engine::describe_device and Engine::fingerprint.
Result<std::string> precision_by_records(const EngineOptions& options);

/// A table of records of one model, a line for each.
std::string accuracy_table(std::span<const verify::AccuracyRecord> records);

}  // namespace fletcher::cli
