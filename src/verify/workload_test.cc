#include "verify/workload.h"

#include <gmock/gmock.h>

#include <limits>

namespace fletcher::verify {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

constexpr double kRounding = 1e-12;  // a handful of operations in double
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// Two pairs; one query for which document 1 of three is right.
VerifyTexts small_texts() {
  VerifyTexts texts;
  texts.pairs = {{"a", "b", 1}, {"c", "d", 2}};
  texts.translations = {{"e", "f"}};
  texts.corpus.documents = {{"d0", "zero"}, {"d1", "one"}, {"d2", "two"}};
  texts.corpus.queries = {{"q0", "which?", {{1, 2}}}};
  return texts;
}

std::vector<Answer> answers(std::initializer_list<std::vector<float>> values) {
  std::vector<Answer> all;
  for (const auto& value : values) all.push_back({value, 1});
  return all;
}

std::vector<Role> roles(const Workload& workload) {
  std::vector<Role> all;
  for (const Task& task : workload.tasks()) all.push_back(task.role);
  return all;
}

TEST(Workload, OfAnEmbeddingModelIsEveryTextOnItsOwn) {
  const Workload workload(small_texts(), false);
  EXPECT_THAT(roles(workload), ElementsAre(Role::text, Role::text, Role::text, Role::text, Role::query, Role::document,
                                           Role::document, Role::document, Role::text, Role::text));
  EXPECT_EQ(std::get<std::string>(workload.tasks()[3].input), "d");
  EXPECT_EQ(std::get<std::string>(workload.tasks()[6].input), "one");
  EXPECT_EQ(workload.tasks()[6].place, "document d1");
}

TEST(Workload, OfACrossEncoderIsPairsAndQueriesWithJudgedDocumentsFirst) {
  const Workload workload(small_texts(), true);
  ASSERT_THAT(workload.tasks(), SizeIs(6));
  EXPECT_EQ(std::get<TextPair>(workload.tasks()[1].input).second, "d");
  EXPECT_EQ(std::get<TextPair>(workload.tasks()[2].input).first, "which?");
  EXPECT_EQ(std::get<TextPair>(workload.tasks()[2].input).second, "one");
  EXPECT_EQ(std::get<TextPair>(workload.tasks()[3].input).second, "zero");
  EXPECT_EQ(std::get<TextPair>(workload.tasks()[5].input).second, "f");
}

TEST(Workload, GivesACrossEncoderNoMoreThanItsCandidates) {
  VerifyTexts texts = small_texts();
  texts.translations.clear();
  for (int i = 3; i < 40; ++i) texts.corpus.documents.push_back({"d" + std::to_string(i), "more"});
  EXPECT_THAT(Workload(texts, true).tasks(), SizeIs(2 + Workload::kCandidates));
}

// The right document comes second of three: 1 / log2(3).
TEST(Workload, QualityOfVectorsIsByTheirCosine) {
  const auto got = answers({{1, 0}, {0, 1}, {1, 0}, {1, 1}, {1, 0}, {2, 0}, {1, 1}, {0, 1}, {1, 0}, {1, 0}});
  const Quality quality = Workload(small_texts(), false).quality(got);
  EXPECT_NEAR(quality.spearman, 1, kRounding);
  EXPECT_NEAR(quality.ndcg_at_10, 0.63092975357145742, kRounding);
}

// Tasks: two pairs, then the query with the right document and two others.
TEST(Workload, QualityOfLogitsIsByTheirOrder) {
  const Workload workload(small_texts(), true);
  const Quality good = workload.quality(answers({{-3}, {-2}, {5}, {4}, {-9}, {0}}));
  EXPECT_NEAR(good.spearman, 1, kRounding);
  EXPECT_NEAR(good.ndcg_at_10, 1, kRounding);
  const Quality bad = workload.quality(answers({{-2}, {-3}, {-9}, {4}, {5}, {0}}));
  EXPECT_NEAR(bad.spearman, -1, kRounding);
  EXPECT_NEAR(bad.ndcg_at_10, 0.5, kRounding);
}

TEST(Workload, ALogitThatIsNoNumberComesLast) {
  const Quality quality = Workload(small_texts(), true).quality(answers({{kNan}, {0}, {kNan}, {1}, {2}, {0}}));
  EXPECT_NEAR(quality.spearman, 1, kRounding);
  EXPECT_NEAR(quality.ndcg_at_10, 0.5, kRounding);
}

TEST(Compare, FindsTheWorstVector) {
  const Agreement agreement = compare(answers({{1, 0}, {3, 4}}), answers({{1, 0}, {4, 3}}), false);
  EXPECT_EQ(agreement.texts, 2u);
  EXPECT_NEAR(agreement.cosine_min, 0.96, kRounding);
  EXPECT_NEAR(agreement.cosine_mean, 0.98, kRounding);
  EXPECT_EQ(agreement.max_abs_difference, 1);
  EXPECT_EQ(agreement.score_spearman, 1);
}

TEST(Compare, CorrelatesLogits) {
  const Agreement agreement =
      compare(answers({{1}, {2}, {4}, {3}, {5}}), answers({{2}, {1}, {3.5}, {3.25}, {5}}), true);
  EXPECT_NEAR(agreement.score_spearman, 0.9, kRounding);
  EXPECT_EQ(agreement.max_abs_difference, 1);
  EXPECT_EQ(agreement.cosine_min, 1);
}

TEST(Compare, TakesEqualVectorsForAlikeEvenIfTheyAreZero) {
  EXPECT_EQ(compare(answers({{0, 0}}), answers({{0, 0}}), false).cosine_min, 1);
  EXPECT_EQ(compare(answers({{0, 0}}), answers({{1, 0}}), false).cosine_min, 0);
}

TEST(Compare, CountsAVectorThatIsNoNumberAsUnlikeAll) {
  const Agreement agreement = compare(answers({{kNan, 0}, {1, 0}}), answers({{1, 0}, {1, 0}}), false);
  EXPECT_EQ(agreement.cosine_min, 0);
  EXPECT_EQ(agreement.max_abs_difference, std::numeric_limits<double>::infinity());
}

}  // namespace
}  // namespace fletcher::verify
