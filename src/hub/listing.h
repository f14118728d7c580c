// The files of a model as a hub lists them, and which of them an engine needs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "hub/checksum.h"

namespace fletcher::hub {

struct HubFile {
  std::string name;   // relative path with '/'
  uint64_t size = 0;  // 0: not told
  Checksum checksum;
};

struct Listing {
  std::string commit;  // empty if the hub does not tell
  std::vector<HubFile> files;
};

/// Reads the answer of `GET /api/models/{repo}/revision/{revision}`: `sha`, `siblings[].rfilename` and, where present,
/// `size`, `blobId` and `lfs.sha256`. `where` names the source in errors. DATA_LOSS.
Result<Listing> parse_listing(std::string_view json, std::string_view where);

/// True for a file that an engine reads: at the top *.json, *.txt, *.model and *.safetensors, and in the folders of
/// sentence-transformers modules (1_Pooling, 2_Dense, query_0_…) *.json, *.txt and *.safetensors.
bool is_engine_file(std::string_view name);

/// The files of `listing` to download, without duplicates: the small ones, then the weights, each as listed. DATA_LOSS
/// if one has a name that check_file_name refuses; FAILED_PRECONDITION if the model has weights but none as
/// safetensors. `model` is for errors.
Result<std::vector<HubFile>> select_engine_files(const Listing& listing, std::string_view model);

}  // namespace fletcher::hub
