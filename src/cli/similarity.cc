// fletcher similarity: the cosine between every two texts, as a picture.
#include <cmath>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/json_writer.h"
#include "cli/bulk_job.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/heat_map.h"
#include "cli/output.h"
#include "cli/text_source.h"

namespace fletcher::cli {
namespace {

// A picture of more cells than this is no picture, and the matrix grows with the square.
constexpr size_t kMostTexts = 1000;

struct SimilarityFlags {
  ModelFlags model;
  TextFlags text;
  InputFlags input;
  ProgressFlags progress;
  std::string output;
  bool json = false;
};

Outcome<std::vector<std::vector<float>>> embed_all(Engine& engine, const EmbedRequest& request,
                                                   const std::vector<std::string>& texts) {
  std::vector<std::vector<float>> vectors;
  const auto source = make_memory_source(texts);
  const BulkJob job{.engine = engine,
                    .source = *source,
                    .request = request,
                    .make_input = nullptr,
                    .write = [&](BulkRow row) -> Outcome<void> {
                      vectors.push_back(std::move(row.item.dense));
                      return {};
                    }};
  FLETCHER_CLI_TRY(run_bulk_job(job));
  return vectors;
}

SimilarityMatrix compare(std::vector<std::string> labels, const std::vector<std::vector<float>>& vectors) {
  const size_t n = vectors.size();
  SimilarityMatrix matrix{std::move(labels), std::vector<float>(n * n)};
  const auto dot = [](const std::vector<float>& a, const std::vector<float>& b) {
    double sum = 0;
    for (size_t k = 0; k < a.size(); ++k) sum += static_cast<double>(a[k]) * b[k];
    return sum;
  };
  std::vector<double> lengths;
  for (const auto& vector : vectors) lengths.push_back(std::sqrt(dot(vector, vector)));
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = i; j < n; ++j) {
      const double both = lengths[i] * lengths[j];
      const float cosine = both > 0 ? static_cast<float>(dot(vectors[i], vectors[j]) / both) : 0.0f;
      matrix.values[i * n + j] = matrix.values[j * n + i] = cosine;
    }
  }
  return matrix;
}

std::string to_json(const SimilarityMatrix& matrix) {
  JsonWriter json;
  json.begin_object().key("texts").begin_array();
  for (const std::string& label : matrix.labels) json.value(label);
  json.end_array().key("similarity").begin_array();
  for (size_t i = 0; i < matrix.size(); ++i) {
    json.value(std::span<const float>(matrix.values).subspan(i * matrix.size(), matrix.size()));
  }
  json.end_array().end_object();
  return json.str() + "\n";
}

Result<void> write_svg(const std::string& path, const SimilarityMatrix& matrix) {
  FLETCHER_TRY_ASSIGN(const auto file, AtomicFile::create(path));
  FLETCHER_TRY(file->write(svg_heat_map(matrix)));
  return file->commit();
}

Outcome<void> run_similarity(const SimilarityFlags& flags, const std::vector<std::string>& arguments) {
  if (!flags.output.empty() && std::filesystem::path(flags.output).extension() != ".svg") {
    return fail(ExitCode::usage, "--output " + flags.output + ": wanted a name that ends in .svg");
  }
  FLETCHER_CLI_TRY_ASSIGN(const auto source, open_texts(arguments, flags.input));
  FLETCHER_CLI_TRY_ASSIGN(std::vector<std::string> texts, read_all_texts(*source, kMostTexts));
  if (texts.empty()) return fail(ExitCode::input, "no texts to compare");
  FLETCHER_CLI_TRY_ASSIGN(const auto engine, load_engine(flags.model, flags.progress));
  const EmbedRequest request = flags.text.request();
  FLETCHER_CLI_TRY(check_request(*engine, request));
  FLETCHER_CLI_TRY_ASSIGN(const auto vectors, embed_all(*engine, request, texts));
  const SimilarityMatrix matrix = compare(std::move(texts), vectors);
  if (!flags.output.empty()) FLETCHER_CLI_TRY(blame(ExitCode::other, write_svg(flags.output, matrix)));
  if (flags.json) return print(to_json(matrix));
  if (!flags.output.empty()) return {};
  return print(draw_heat_map(matrix, stdout_colors(), stdout_is_terminal() ? terminal_width() : 0));
}

}  // namespace

Command make_similarity_command(CLI::App& root) {
  CLI::App& app = add_command(root, "similarity", "Draw the cosine similarity of every two texts", "[FLAGS] [TEXT…]");
  const auto flags = std::make_shared<SimilarityFlags>();
  flags->input.add_to(app);
  flags->text.add_to(app);
  app.add_option("-o,--output", flags->output, "Write an image instead of drawing (.svg)")
      ->group("Output")
      ->option_text("FILE");
  app.add_flag("--json", flags->json, "Print {\"texts\":[…],\"similarity\":[[…],…]}")->group("Output");
  flags->progress.add_to(app);
  flags->model.add_to(app);
  app.footer("At most " + std::to_string(kMostTexts) +
             " texts. Colours only on a terminal, and not if NO_COLOR is set.");
  return {&app, [flags](const auto& texts) { return run_similarity(*flags, texts); }};
}

}  // namespace fletcher::cli
