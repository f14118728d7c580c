// What an engine has to compute for a verification, and what its answers are worth.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "fletcher/engine.h"
#include "verify/texts.h"

namespace fletcher::verify {

/// As what a text is read: it decides the prompt.
enum class Role : uint8_t { text, query, document, text_pair };

struct Task {
  Role role = Role::text;
  Input input;
  std::string place;  // for messages: "pair 3"
};

/// What came of one task.
struct Answer {
  std::vector<float> values;  // [dimensions]; of a cross-encoder the logit
  size_t tokens = 0;
};

/// How well an engine's answers fit what people said.
struct Quality {
  double spearman = 0;    // of likeness and score, over the pairs
  double ndcg_at_10 = 0;  // mean over the queries
};

/// How near an engine's answers are to another's.
struct Agreement {
  size_t texts = 0;
  double cosine_min = 1;  // both 1 for cross-encoders, whose answers are single numbers
  double cosine_mean = 1;
  double max_abs_difference = 0;  // over all components, or logits
  double score_spearman = 1;      // of the two lists of logits; 1 for embedding models
};

/// Called with how many tasks are done.
using TaskProgress = std::function<void(size_t done)>;

/// The tasks of a verification. An embedding model reads both texts of every pair, the queries, the documents and the
/// translations, each alone. A cross-encoder reads the pairs, each query with kCandidates documents (those that were
/// judged first, then others), and the translations as pairs. Immutable.
class Workload {
 public:
  static constexpr size_t kCandidates = 16;

  Workload(const VerifyTexts& texts, bool classifier);

  const std::vector<Task>& tasks() const { return tasks_; }
  /// `answers`: one for each task. A pair's likeness is the cosine of its vectors, or the logit.
  Quality quality(std::span<const Answer> answers) const;

 private:
  /// A query and the documents that are put in order for it.
  struct Ranking {
    size_t query_task = 0;  // embedding models
    size_t first_task = 0;  // of the documents, or of the query with each of them
    std::vector<int> grades;
    std::vector<int> judged;
  };
  void add_embedding_tasks(const VerifyTexts& texts);
  void add_classifier_tasks(const VerifyTexts& texts);
  double ndcg_of(const Ranking& ranking, std::span<const Answer> answers) const;

  bool classifier_;
  std::vector<double> pair_scores_;
  std::vector<Task> tasks_;
  std::vector<Ranking> rankings_;
};

/// The engine's answers, in the order of the tasks. The first error of a task, with its place.
Result<std::vector<Answer>> compute(Engine& engine, std::span<const Task> tasks, const TaskProgress& progress = {});

/// Compares answers to the same tasks. Equal vectors have cosine 1, zeros included; a vector with a NaN has 0.
Agreement compare(std::span<const Answer> got, std::span<const Answer> wanted, bool classifier);

}  // namespace fletcher::verify
