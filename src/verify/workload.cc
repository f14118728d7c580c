#include "verify/workload.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "base/result.h"
#include "engine/retrieval_prompts.h"
#include "verify/metrics.h"

namespace fletcher::verify {
namespace {

constexpr size_t kNdcgCut = 10;
// Enough to keep the engine's queue full, few enough to show progress.
constexpr size_t kWindowTasks = 256;

std::vector<int> grades_of_all(const Query& query, size_t documents) {
  std::vector<int> grades(documents);
  for (const Judgement& judgement : query.judgements) grades[judgement.document] = judgement.grade;
  return grades;
}

std::vector<int> judged_grades(const Query& query) {
  std::vector<int> grades;
  for (const Judgement& judgement : query.judgements) grades.push_back(judgement.grade);
  return grades;
}

/// Documents to order for the query number `index`: those judged, then others, from a place of its own on.
std::vector<size_t> candidates(const Query& query, size_t index, size_t documents) {
  const size_t wanted = std::min(Workload::kCandidates, documents);
  std::vector<size_t> chosen;
  for (const Judgement& judgement : query.judgements) {
    if (chosen.size() < wanted) chosen.push_back(judgement.document);
  }
  for (size_t i = 0; chosen.size() < wanted; ++i) {
    const size_t other = (index * Workload::kCandidates + i) % documents;
    if (std::ranges::find(chosen, other) == chosen.end()) chosen.push_back(other);
  }
  return chosen;
}

/// A logit as a number that can be ordered.
double ordered(float logit) { return std::isnan(logit) ? -std::numeric_limits<double>::infinity() : logit; }

EmbedRequest request_for(Role role, const ModelInfo& info) {
  EmbedRequest request;
  request.lane = Lane::bulk;
  if (role == Role::text_pair) request.outputs = static_cast<uint8_t>(Output::logits);
  if (role == Role::query) choose_query_prompt(request, info);
  if (role == Role::document) choose_document_prompt(request, info);
  return request;
}

}  // namespace

Workload::Workload(const VerifyTexts& texts, bool classifier) : classifier_(classifier) {
  for (const ScoredPair& pair : texts.pairs) pair_scores_.push_back(pair.score);
  if (classifier) {
    add_classifier_tasks(texts);
  } else {
    add_embedding_tasks(texts);
  }
}

void Workload::add_embedding_tasks(const VerifyTexts& texts) {
  const Corpus& corpus = texts.corpus;
  for (size_t i = 0; i < texts.pairs.size(); ++i) {
    const std::string place = "pair " + std::to_string(i + 1);
    tasks_.push_back({Role::text, texts.pairs[i].first, place});
    tasks_.push_back({Role::text, texts.pairs[i].second, place});
  }
  const size_t first_query = tasks_.size(), first_document = first_query + corpus.queries.size();
  for (const Query& query : corpus.queries) tasks_.push_back({Role::query, query.text, "query " + query.id});
  for (const Document& document : corpus.documents) {
    tasks_.push_back({Role::document, document.text, "document " + document.id});
  }
  for (size_t q = 0; q < corpus.queries.size(); ++q) {
    rankings_.push_back({first_query + q, first_document, grades_of_all(corpus.queries[q], corpus.documents.size()),
                         judged_grades(corpus.queries[q])});
  }
  for (const TextPair& pair : texts.translations) {
    tasks_.push_back({Role::text, pair.first, "built-in translation"});
    tasks_.push_back({Role::text, pair.second, "built-in translation"});
  }
}

void Workload::add_classifier_tasks(const VerifyTexts& texts) {
  const Corpus& corpus = texts.corpus;
  for (size_t i = 0; i < texts.pairs.size(); ++i) {
    const ScoredPair& pair = texts.pairs[i];
    tasks_.push_back({Role::text_pair, TextPair{pair.first, pair.second}, "pair " + std::to_string(i + 1)});
  }
  for (size_t q = 0; q < corpus.queries.size(); ++q) {
    const Query& query = corpus.queries[q];
    const std::vector<int> all = grades_of_all(query, corpus.documents.size());
    Ranking ranking{.first_task = tasks_.size()};
    for (const size_t d : candidates(query, q, corpus.documents.size())) {
      tasks_.push_back({Role::text_pair, TextPair{query.text, corpus.documents[d].text},
                        "query " + query.id + " with document " + corpus.documents[d].id});
      ranking.grades.push_back(all[d]);
    }
    ranking.judged = ranking.grades;
    rankings_.push_back(std::move(ranking));
  }
  for (const TextPair& pair : texts.translations) tasks_.push_back({Role::text_pair, pair, "built-in translation"});
}

double Workload::ndcg_of(const Ranking& ranking, std::span<const Answer> answers) const {
  std::vector<double> scores;
  for (size_t i = 0; i < ranking.grades.size(); ++i) {
    const std::vector<float>& values = answers[ranking.first_task + i].values;
    scores.push_back(classifier_ ? ordered(values[0]) : cosine(answers[ranking.query_task].values, values));
  }
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, std::greater<>(), [&](size_t i) { return scores[i]; });
  std::vector<int> ranked;
  for (const size_t i : order) ranked.push_back(ranking.grades[i]);
  return ndcg(ranked, ranking.judged, kNdcgCut);
}

Quality Workload::quality(std::span<const Answer> answers) const {
  std::vector<double> likeness;
  for (size_t i = 0; i < pair_scores_.size(); ++i) {
    likeness.push_back(classifier_ ? ordered(answers[i].values[0])
                                   : cosine(answers[2 * i].values, answers[2 * i + 1].values));
  }
  Quality quality{.spearman = spearman(likeness, pair_scores_)};
  for (const Ranking& ranking : rankings_) quality.ndcg_at_10 += ndcg_of(ranking, answers);
  quality.ndcg_at_10 /= static_cast<double>(rankings_.size());
  return quality;
}

Result<std::vector<Answer>> compute(Engine& engine, std::span<const Task> tasks, const TaskProgress& progress) {
  std::vector<Answer> answers;
  while (answers.size() < tasks.size()) {
    const size_t first = answers.size();
    EmbedRequest request = request_for(tasks[first].role, engine.info());
    for (size_t i = first; i < tasks.size() && i < first + kWindowTasks && tasks[i].role == tasks[first].role; ++i) {
      request.inputs.push_back(tasks[i].input);
    }
    for (Result<Item>& item : engine.embed(std::move(request))) {
      if (!item) return with_context(std::move(item).error(), tasks[answers.size()].place);
      answers.push_back({std::move(engine.info().classifier ? item->logits : item->dense), item->tokens});
    }
    if (progress) progress(answers.size());
  }
  return answers;
}

Agreement compare(std::span<const Answer> got, std::span<const Answer> wanted, bool classifier) {
  Agreement agreement{.texts = got.size()};
  double cosines = 0;
  std::vector<double> got_scores, wanted_scores;
  for (size_t i = 0; i < got.size(); ++i) {
    const double difference = max_abs_difference(got[i].values, wanted[i].values);
    agreement.max_abs_difference = std::max(agreement.max_abs_difference, difference);
    if (classifier) {
      got_scores.push_back(ordered(got[i].values[0]));
      wanted_scores.push_back(ordered(wanted[i].values[0]));
    } else {
      const double likeness = difference == 0 ? 1 : cosine(got[i].values, wanted[i].values);
      agreement.cosine_min = std::min(agreement.cosine_min, likeness);
      cosines += likeness;
    }
  }
  if (classifier) {
    agreement.score_spearman = spearman(got_scores, wanted_scores);
  } else if (!got.empty()) {
    agreement.cosine_mean = cosines / static_cast<double>(got.size());
  }
  return agreement;
}

}  // namespace fletcher::verify
