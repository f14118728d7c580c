#include "engine/retrieval_prompts.h"

#include <gtest/gtest.h>

namespace fletcher {
namespace {

ModelInfo info_with(std::map<std::string, std::string> prompts) {
  ModelInfo info;
  info.prompts = std::move(prompts);
  return info;
}

TEST(RetrievalPrompts, AreThoseOfTheModel) {
  const ModelInfo info = info_with({{"query", "q: "}, {"passage", "p: "}});
  EmbedRequest query, document;
  choose_query_prompt(query, info);
  choose_document_prompt(document, info);
  EXPECT_EQ(query.prompt_name, "query");
  EXPECT_EQ(document.prompt_name, "passage");
  choose_document_prompt(document = {}, info_with({{"document", "d: "}, {"passage", "p: "}}));
  EXPECT_EQ(document.prompt_name, "document");
}

TEST(RetrievalPrompts, AreNoneWhereTheModelHasNone) {
  EmbedRequest request;
  choose_query_prompt(request, info_with({{"clustering", "c: "}}));
  choose_document_prompt(request, info_with({{"query", "q: "}}));
  EXPECT_EQ(request.prompt_name, std::nullopt);
}

TEST(RetrievalPrompts, LeaveAChoiceAlone) {
  const ModelInfo info = info_with({{"query", "q: "}});
  EmbedRequest named, literal;
  named.prompt_name = "other";
  literal.prompt = "";
  choose_query_prompt(named, info);
  choose_query_prompt(literal, info);
  EXPECT_EQ(named.prompt_name, "other");
  EXPECT_EQ(literal.prompt_name, std::nullopt);
}

}  // namespace
}  // namespace fletcher
