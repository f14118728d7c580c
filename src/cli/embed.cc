// fletcher embed: texts to vectors.
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bulk/vector_writer.h"
#include "cli/bulk_job.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "cli/text_source.h"

namespace fletcher::cli {
namespace {

struct EmbedFlags {
  ModelFlags model;
  TextFlags text;
  InputFlags input;
  ProgressFlags progress;
  std::string output;
  std::string embedding_type = "float";
  std::optional<size_t> dimensions;
  bool no_normalize = false;
  bool sparse = false;
  bool multi_vector = false;
};

EmbeddingType embedding_type(const std::string& name) {
  if (name == "fp16") return EmbeddingType::float16;
  if (name == "int8") return EmbeddingType::int8;
  if (name == "uint8") return EmbeddingType::uint8;
  if (name == "binary") return EmbeddingType::binary;
  if (name == "ubinary") return EmbeddingType::ubinary;
  return EmbeddingType::float32;
}

ElementType element_type(EmbeddingType type) {
  switch (type) {
    case EmbeddingType::float32:
      return ElementType::f32;
    case EmbeddingType::float16:
      return ElementType::f16;
    case EmbeddingType::int8:
    case EmbeddingType::binary:
      return ElementType::i8;
    case EmbeddingType::uint8:
    case EmbeddingType::ubinary:
      return ElementType::u8;
  }
  return ElementType::f32;
}

/// Where rows go.
class RowSink {
 public:
  virtual ~RowSink() = default;
  virtual Outcome<void> write(BulkRow row) = 0;
  virtual Outcome<void> commit() = 0;
};

class FileSink final : public RowSink {
 public:
  FileSink(std::unique_ptr<VectorWriter> writer, bool to_stdout) : writer_(std::move(writer)), to_stdout_(to_stdout) {}
  Outcome<void> write(BulkRow row) override {
    return check(row.item.quantized.empty() ? writer_->write_row(row.index, row.item.dense)
                                            : writer_->write_row(row.index, row.item.quantized));
  }
  Outcome<void> commit() override { return check(writer_->commit()); }

 private:
  Outcome<void> check(Result<void> written) const {
    if (written) return {};
    return tl::unexpected<Failure>(
        Failure{ExitCode::other, written.error().message, to_stdout_ && stdout_is_abandoned()});
  }

  std::unique_ptr<VectorWriter> writer_;
  bool to_stdout_;
};

/// For people: a line a text with its first components and its length.
class TableSink final : public RowSink {
 public:
  Outcome<void> write(BulkRow row) override {
    constexpr size_t kComponents = 4;
    constexpr size_t kFixedColumns = 52;  // what surrounds the text: number, components, norm
    double squares = 0;
    std::string components;
    for (size_t i = 0; i < row.item.dense.size(); ++i) {
      const double x = row.item.dense[i];
      squares += x * x;
      if (i < kComponents) components += (x < 0 ? " " : "  ") + fixed(x, 4);
    }
    const size_t columns = std::max(terminal_width(), kFixedColumns + 16) - kFixedColumns;
    std::string text = fit_to_width(row.text, columns);
    text.append(columns - display_width(text), ' ');
    const std::string number = std::to_string(row.index);
    return print(std::string(number.size() < 5 ? 5 - number.size() : 0, ' ') + number + "  " + text + " " + components +
                 (row.item.dense.size() > kComponents ? " …" : "") + "  ‖" + fixed(std::sqrt(squares), 3) + "‖\n");
  }
  Outcome<void> commit() override { return {}; }
};

Outcome<std::unique_ptr<RowSink>> open_sink(const EmbedFlags& flags, EmbeddingType type, size_t dimensions) {
  if (flags.output.empty() && stdout_is_terminal()) return std::make_unique<TableSink>();
  VectorWriter::Options options;
  options.element_type = element_type(type);
  const bool bits = type == EmbeddingType::binary || type == EmbeddingType::ubinary;
  options.dimensions = bits ? (dimensions + 7) / 8 : dimensions;
  const std::string path = flags.output.empty() ? "-" : flags.output;
  auto writer = VectorWriter::create(path, options);
  if (!writer) {
    const Error& error = writer.error();
    const bool name_is_wrong = error.code == Code::invalid_argument || error.code == Code::unimplemented;
    return fail(name_is_wrong ? ExitCode::usage : ExitCode::other, error.message);
  }
  return std::make_unique<FileSink>(std::move(*writer), path == "-");
}

Outcome<void> check_heads(const EmbedFlags& flags, const ModelInfo& info) {
  const std::string model = info.name + " (" + info.architecture + ")";
  if (flags.sparse) return fail(ExitCode::model, "--sparse: " + model + " has no sparse head");
  if (flags.multi_vector) return fail(ExitCode::model, "--multi-vector: " + model + " has no multi-vector head");
  return {};
}

Outcome<void> run_embed(const EmbedFlags& flags, const std::vector<std::string>& texts) {
  FLETCHER_CLI_TRY_ASSIGN(const auto source, open_texts(texts, flags.input));
  FLETCHER_CLI_TRY_ASSIGN(const auto engine, load_engine(flags.model, flags.progress));
  FLETCHER_CLI_TRY(check_heads(flags, engine->info()));
  EmbedRequest request = flags.text.request();
  request.dimensions = flags.dimensions;
  request.embedding_type = embedding_type(flags.embedding_type);
  if (flags.no_normalize) request.normalize = false;
  FLETCHER_CLI_TRY(check_request(*engine, request));
  FLETCHER_CLI_TRY_ASSIGN(
      const auto sink, open_sink(flags, request.embedding_type, flags.dimensions.value_or(engine->info().dimensions)));
  // A bar between the lines of a table would be noise.
  const bool to_terminal = (flags.output.empty() || flags.output == "-") && stdout_is_terminal();
  ProgressBar bar("embed", flags.progress.wanted() && (!to_terminal || flags.progress.progress), ProgressUnit::texts);
  const BulkJob job{.engine = *engine,
                    .source = *source,
                    .request = request,
                    .make_input = nullptr,
                    .write = [&](BulkRow row) { return sink->write(std::move(row)); },
                    .keep_texts = to_terminal,
                    .progress = &bar};
  FLETCHER_CLI_TRY(run_bulk_job(job));
  FLETCHER_CLI_TRY(sink->commit());
  return {};
}

}  // namespace

Command make_embed_command(CLI::App& root) {
  CLI::App& app = add_command(root, "embed", "Turn texts into vectors", "[FLAGS] [TEXT…]");
  const auto flags = std::make_shared<EmbedFlags>();
  flags->input.add_to(app);
  flags->text.add_to(app);
  app.add_option("-o,--output", flags->output, "File of vectors (.jsonl, .npy), or - for JSON lines [standard output]")
      ->group("Output")
      ->option_text("FILE|-");
  app.add_option("--embedding-type", flags->embedding_type, "float, fp16, int8, uint8, binary or ubinary [float]")
      ->group("Output")
      ->option_text("NAME")
      ->check(CLI::IsMember({"float", "fp16", "int8", "uint8", "binary", "ubinary"}));
  app.add_option("--dimensions", flags->dimensions, "Keep the first N components and normalise again [all]")
      ->group("Output")
      ->option_text("N")
      ->check(CLI::PositiveNumber);
  app.add_flag("--no-normalize", flags->no_normalize, "Leave the length of the vectors as pooled")->group("Output");
  app.add_flag("--sparse", flags->sparse, "Add the sparse vector, if the model has one")->group("Output");
  app.add_flag("--multi-vector", flags->multi_vector, "Add a vector per token, if the model has them")->group("Output");
  flags->progress.add_to(app);
  flags->model.add_to(app);
  app.footer("On a terminal without --output: a readable table. Elsewhere: {\"index\":0,\"embedding\":[…]} a line.");
  return {&app, [flags](const auto& texts) { return run_embed(*flags, texts); }};
}

}  // namespace fletcher::cli
