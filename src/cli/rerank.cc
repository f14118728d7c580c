// fletcher rerank: documents in the order of their relevance to a query.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json_writer.h"
#include "cli/bulk_job.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "cli/text_source.h"
#include "engine/retrieval_prompts.h"
#include "verify/metrics.h"

namespace fletcher::cli {
namespace {

struct RerankFlags {
  ModelFlags model;
  TextFlags text;
  InputFlags input;
  ProgressFlags progress;
  std::string query;
  std::optional<size_t> top_n;
  bool raw_scores = false;
  bool return_documents = false;
};

struct Scored {
  size_t index = 0;
  float score = 0;  // as printed
  float key = 0;    // what decides the order
  std::string document;

  /// Best first; equal ones in the order of input.
  bool before(const Scored& other) const { return key != other.key ? key > other.key : index < other.index; }
};

/// Keeps the best `limit` of a stream, so that memory does not grow with it.
class Ranking {
 public:
  explicit Ranking(std::optional<size_t> limit) : limit_(limit) {}

  void add(Scored scored) {
    scored_.push_back(std::move(scored));
    std::ranges::push_heap(scored_, worst_on_top);
    if (limit_ && scored_.size() > *limit_) {
      std::ranges::pop_heap(scored_, worst_on_top);
      scored_.pop_back();
    }
  }
  std::vector<Scored> sorted() {
    std::ranges::sort(scored_, [](const Scored& a, const Scored& b) { return a.before(b); });
    return std::move(scored_);
  }

 private:
  static bool worst_on_top(const Scored& a, const Scored& b) { return a.before(b); }
  std::optional<size_t> limit_;
  std::vector<Scored> scored_;
};

Outcome<void> print_ranking(const std::vector<Scored>& ranking, bool with_documents) {
  std::string out;
  if (stdout_is_terminal()) {
    Table table({Table::Align::right, Table::Align::right, Table::Align::left});
    const size_t columns = std::max<size_t>(terminal_width(), 40) - 24;
    for (const Scored& scored : ranking) {
      table.add_row({std::to_string(scored.index), fixed(scored.score, 4), fit_to_width(scored.document, columns)});
    }
    return print(table.str());
  }
  for (const Scored& scored : ranking) {
    JsonWriter json;
    json.begin_object().key("index").value(scored.index).key("score").value(scored.score);
    if (with_documents) json.key("document").value(scored.document);
    json.end_object();
    out += json.str() + "\n";
  }
  return print(out);
}

/// The query's vector, for a model that is no cross-encoder.
Outcome<std::vector<float>> embed_query(Engine& engine, EmbedRequest request, const std::string& query) {
  choose_query_prompt(request, engine.info());
  FLETCHER_CLI_TRY(check_request(engine, request));
  request.inputs = {query};
  auto items = engine.embed(std::move(request));
  if (!items[0]) return fail(exit_code_of_item(items[0].error().code), "--query: " + items[0].error().message);
  return std::move(items[0]->dense);
}

Outcome<void> run_rerank(const RerankFlags& flags, const std::vector<std::string>& texts) {
  FLETCHER_CLI_TRY_ASSIGN(const auto source, open_texts(texts, flags.input));
  FLETCHER_CLI_TRY_ASSIGN(const auto engine, load_engine(flags.model, flags.progress));
  const bool cross_encoder = engine->info().classifier;
  const bool keep_documents = flags.return_documents || stdout_is_terminal();
  EmbedRequest request = flags.text.request();
  std::vector<float> query;
  if (cross_encoder && engine->info().labels.size() != 1) {
    return fail(ExitCode::model, engine->info().name + " has " + std::to_string(engine->info().labels.size()) +
                                     " labels, wanted one: a score to order documents by");
  }
  if (cross_encoder && (request.prompt || request.prompt_name)) {
    return fail(ExitCode::usage, "--prompt and --prompt-name: a cross-encoder reads query and document, no prompt");
  }
  if (cross_encoder) {
    request.outputs = static_cast<uint8_t>(Output::logits);
  } else {
    FLETCHER_CLI_TRY_ASSIGN(query, embed_query(*engine, request, flags.query));
    choose_document_prompt(request, engine->info());
  }
  FLETCHER_CLI_TRY(check_request(*engine, request));

  Ranking ranking(flags.top_n);
  const auto add = [&](BulkRow row) -> Outcome<void> {
    Scored scored{.index = row.index, .document = keep_documents ? std::move(row.text) : std::string()};
    if (cross_encoder) {
      // With one label the logit orders what its sigmoid would round to the same score.
      const float activated = engine->score(row.item.logits);
      scored.key = row.item.logits[0];
      scored.score = flags.raw_scores ? row.item.logits[0] : activated;
    } else {
      scored.score = scored.key = static_cast<float>(verify::cosine(query, row.item.dense));
    }
    ranking.add(std::move(scored));
    return {};
  };
  ProgressBar bar("rerank", flags.progress.wanted(), ProgressUnit::texts);
  BulkJob job{.engine = *engine,
              .source = *source,
              .request = request,
              .make_input = nullptr,
              .write = add,
              .keep_texts = keep_documents,
              .progress = &bar};
  if (cross_encoder) job.make_input = [&](const std::string& text) { return TextPair{flags.query, text}; };
  FLETCHER_CLI_TRY(run_bulk_job(job));
  bar.finish();
  return print_ranking(ranking.sorted(), flags.return_documents);
}

}  // namespace

Command make_rerank_command(CLI::App& root) {
  CLI::App& app =
      add_command(root, "rerank", "Order documents by relevance to a query", "--query TEXT [FLAGS] [DOCUMENT…]");
  const auto flags = std::make_shared<RerankFlags>();
  app.add_option("-q,--query", flags->query, "What the documents should answer")
      ->group("Input")
      ->option_text("TEXT")
      ->required();
  flags->input.add_to(app);
  flags->text.add_to(app);
  app.add_option("--top-n", flags->top_n, "Print only the best N [all]")
      ->group("Output")
      ->option_text("N")
      ->check(CLI::PositiveNumber);
  app.add_flag("--raw-scores", flags->raw_scores, "Print logits instead of the model's activation of them")
      ->group("Output");
  app.add_flag("--return-documents", flags->return_documents, "Print the documents too")->group("Output");
  flags->progress.add_to(app);
  flags->model.add_to(app);
  app.footer(
      "Prints {\"index\":…,\"score\":…} a line, best first, equal ones in the order of input; a table on a terminal.\n"
      "A cross-encoder reads query and document together. With an embedding model the score is the cosine of the two\n"
      "vectors, made with the model's prompts \"query\" and \"document\" (or \"passage\") where it has them.");
  return {&app, [flags](const auto& texts) { return run_rerank(*flags, texts); }};
}

}  // namespace fletcher::cli
