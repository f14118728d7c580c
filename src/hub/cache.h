// Where models lie on this machine: Fletcher's own cache and Hugging Face's, which is only read.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hub/hub.h"
#include "hub/names.h"

namespace fletcher::hub {

/// The file in a revision's folder that holds the commit it was pulled from.
inline constexpr std::string_view kCommitFile = ".commit";

/// <cache>/models/<org>--<name>/<revision>, which exists only when it is complete.
std::string revision_path(const std::string& cache_dir, const ModelId& id);
/// The content of the folder's commit file; empty if there is none.
std::string read_commit(const std::string& folder);

/// The names that may be meant: the id itself, and for a bare name that of sentence-transformers.
std::vector<ModelId> candidates(const ModelId& id);

/// The folder of a complete model. In Hugging Face's cache (models--org--name/refs/<revision> → snapshots/<commit>) a
/// snapshot counts if it has config.json and all its safetensors: other programs leave partial ones.
std::optional<std::string> find_in_fletcher_cache(const HubOptions& options, const ModelId& id);
std::optional<std::string> find_in_hugging_face_cache(const HubOptions& options, const ModelId& id);
/// Both caches and all candidates, Fletcher's cache first.
std::optional<std::string> find_cached(const HubOptions& options, const ModelId& id);

}  // namespace fletcher::hub
