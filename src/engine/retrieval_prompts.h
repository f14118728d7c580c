// Which of a model's prompts retrieval uses.
#pragma once

#include "fletcher/engine.h"

namespace fletcher {

/// Gives a request for queries the prompt "query", and one for documents "document" or else "passage", where the model
/// has it. A request that chose a prompt keeps it.
void choose_query_prompt(EmbedRequest& request, const ModelInfo& info);
void choose_document_prompt(EmbedRequest& request, const ModelInfo& info);

}  // namespace fletcher
