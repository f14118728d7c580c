// One file of a model into a folder: resumed, checked for length and checksum, renamed when it is right.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "hub/hub_client.h"

namespace fletcher::hub {

/// What to fetch, from where, to where.
struct Download {
  ModelId id;
  std::string commit;  // that the revision must still be; empty: not known
  HubFile file;
  std::string folder;  // exists; `file.name` is created below it
  /// Bytes of the file on disk and in all (0: not known). May be empty.
  std::function<void(uint64_t, uint64_t)> on_bytes;
};

/// Fetches to "NAME.incomplete", going on from what is there, and renames to NAME once length and checksum are those
/// that the hub tells; the file and its name are then on disk. After an error the partial file stays for the next run,
/// unless its content is wrong. Errors as pull; RESOURCE_EXHAUSTED when the disk is full, ABORTED if the revision
/// moved.
Result<void> download_file(HubClient& client, const Download& download);

}  // namespace fletcher::hub
