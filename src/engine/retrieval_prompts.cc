#include "engine/retrieval_prompts.h"

#include <initializer_list>

namespace fletcher {
namespace {

void choose_prompt(EmbedRequest& request, const ModelInfo& info, std::initializer_list<const char*> names) {
  if (request.prompt || request.prompt_name) return;
  for (const char* name : names) {
    if (info.prompts.contains(name)) {
      request.prompt_name = name;
      return;
    }
  }
}

}  // namespace

void choose_query_prompt(EmbedRequest& request, const ModelInfo& info) { choose_prompt(request, info, {"query"}); }

void choose_document_prompt(EmbedRequest& request, const ModelInfo& info) {
  choose_prompt(request, info, {"document", "passage"});
}

}  // namespace fletcher
