// fletcher tokenize: texts to token ids, with nothing of a model but its tokenizer.
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/json_writer.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/text_source.h"
#include "model/sentence_transformers.h"
#include "tokenizer/lower_case.h"
#include "tokenizer/tokenizer.h"

namespace fletcher::cli {
namespace {

constexpr size_t kWindowTexts = 256;
constexpr size_t kWindowBytes = size_t{1} << 20;
constexpr size_t kPrintBytes = size_t{1} << 16;

struct TokenizeFlags {
  std::string model = ModelFlags().model;
  InputFlags input;
  ProgressFlags progress;
  std::optional<size_t> max_length;
  std::string truncate;  // empty: as tokenizer_config.json says
  bool byte_offsets = false;
};

struct LoadedTokenizer {
  std::unique_ptr<Tokenizer> tokenizer;
  bool do_lower_case = false;  // sentence_bert_config.json's, before the tokenizer sees the text
};

Outcome<LoadedTokenizer> load_tokenizer(const TokenizeFlags& flags) {
  FLETCHER_CLI_TRY_ASSIGN(std::string path, find_model(flags.model, flags.progress));
  LoadedTokenizer loaded;
  // A sentence-transformers folder may keep its tokenizer beside the transformer, one folder down.
  if (std::filesystem::exists(std::filesystem::path(path) / "modules.json")) {
    FLETCHER_CLI_TRY_ASSIGN(const SentencePipeline pipeline, blame(ExitCode::model, read_sentence_pipeline(path)));
    path = pipeline.transformer_folder;
    loaded.do_lower_case = pipeline.do_lower_case;
  }
  FLETCHER_CLI_TRY_ASSIGN(loaded.tokenizer, blame(ExitCode::model, Tokenizer::load(path)));
  return loaded;
}

void append_encoding(std::string& out, const Tokenizer& tokenizer, const Encoding& encoding,
                     const std::vector<Offset>& offsets) {
  out += "{\"ids\":";
  append_json_array(out, std::span<const int32_t>(encoding.ids));
  out += ",\"tokens\":[";
  for (size_t i = 0; i < encoding.ids.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, tokenizer.id_to_token(encoding.ids[i]));
  }
  out += "],\"offsets\":[";
  for (size_t i = 0; i < offsets.size(); ++i) {
    if (i > 0) out += ',';
    out += "[" + std::to_string(offsets[i].begin) + "," + std::to_string(offsets[i].end) + "]";
  }
  out += "]}\n";
}

Outcome<void> run_tokenize(const TokenizeFlags& flags, const std::vector<std::string>& texts) {
  FLETCHER_CLI_TRY_ASSIGN(const auto source, open_texts(texts, flags.input));
  FLETCHER_CLI_TRY_ASSIGN(const LoadedTokenizer loaded, load_tokenizer(flags));
  const auto& tokenizer = loaded.tokenizer;
  EncodeOptions options;
  options.with_offsets = true;
  if (flags.max_length) options.max_length = *flags.max_length;
  options.side = tokenizer->truncation_side();
  if (flags.truncate == "left") options.side = TruncationSide::left;
  if (flags.truncate == "right") options.side = TruncationSide::right;
  if (options.max_length < tokenizer->num_special_tokens(false)) {
    return fail(ExitCode::usage, "--max-length " + std::to_string(options.max_length) + ", wanted at least the " +
                                     std::to_string(tokenizer->num_special_tokens(false)) + " special tokens");
  }

  std::vector<std::string> window;
  std::string out;
  Encoding encoding;
  size_t index = 0;
  ProgressBar bar("tokenize", flags.progress.wanted() && !stdout_is_terminal(), ProgressUnit::texts);
  while (true) {
    FLETCHER_CLI_TRY_ASSIGN(const size_t count,
                            blame(ExitCode::input, source->read(kWindowTexts, kWindowBytes, window)));
    if (count == 0) break;
    for (std::string& text : window) {
      if (loaded.do_lower_case) text = lower_case(text);
      const Result<void> encoded = tokenizer->encode(text, options, encoding);
      if (!encoded) return fail(ExitCode::input, source->place(index) + ": " + encoded.error().message);
      if (flags.truncate == "error" && encoding.truncated()) {
        return fail(ExitCode::input, source->place(index) + ": " + std::to_string(encoding.untruncated_length) +
                                         " tokens, wanted at most " + std::to_string(options.max_length));
      }
      append_encoding(out, *tokenizer, encoding,
                      flags.byte_offsets ? encoding.offsets : to_code_point_offsets(text, encoding.offsets));
      ++index;
      if (out.size() >= kPrintBytes) {
        FLETCHER_CLI_TRY(print(out));
        out.clear();
      }
    }
    FLETCHER_CLI_TRY(print(out));
    out.clear();
    bar.update(source->done(), source->total(), index);
  }
  return {};
}

}  // namespace

Command make_tokenize_command(CLI::App& root) {
  CLI::App& app = add_command(root, "tokenize", "Turn texts into token ids", "[FLAGS] [TEXT…]");
  const auto flags = std::make_shared<TokenizeFlags>();
  flags->input.add_to(app);
  app.add_option("-m,--model", flags->model, "Model or tokenizer folder, tokenizer.json, vocab.txt, or model name")
      ->group("Tokenizer")
      ->option_text("NAME|PATH");
  app.add_option("--max-length", flags->max_length, "Tokens of a text, special ones included [no limit]")
      ->group("Tokenizer")
      ->option_text("N")
      ->check(CLI::PositiveNumber);
  app.add_option("--truncate", flags->truncate,
                 "Which end a long text loses, or error: right, left, error [the model's]")
      ->group("Tokenizer")
      ->option_text("SIDE")
      ->check(CLI::IsMember({"right", "left", "error"}));
  app.add_flag("--byte-offsets", flags->byte_offsets, "Offsets in bytes instead of Unicode code points")
      ->group("Output");
  flags->progress.add_to(app);
  app.footer(
      "Prints {\"ids\":[…],\"tokens\":[…],\"offsets\":[[begin,end],…]} a line. No prompt is added.\nOffsets count in "
      "the text that the tokenizer sees: lower-cased first where sentence_bert_config.json asks for it.");
  return {&app, [flags](const auto& texts) { return run_tokenize(*flags, texts); }};
}

}  // namespace fletcher::cli
