#include "cli/text_source.h"

#include <filesystem>
#include <utility>

#include "bulk/text_reader.h"
#include "cli/output.h"

namespace fletcher::cli {
namespace {

constexpr size_t kWindowTexts = 1024;
constexpr size_t kWindowBytes = size_t{4} << 20;

class MemorySource final : public TextSource {
 public:
  explicit MemorySource(std::vector<std::string> texts) : texts_(std::move(texts)) {}

  Result<size_t> read(size_t max_texts, size_t max_bytes, std::vector<std::string>& out) override {
    out.clear();
    size_t bytes = 0;
    while (next_ < texts_.size() && out.size() < max_texts && (out.empty() || bytes < max_bytes)) {
      bytes += texts_[next_].size();
      out.push_back(texts_[next_++]);
    }
    return out.size();
  }
  uint64_t done() const override { return next_; }
  uint64_t total() const override { return texts_.size(); }
  std::string place(size_t index) const override { return "text " + std::to_string(index + 1); }

 private:
  std::vector<std::string> texts_;
  size_t next_ = 0;
};

class FileSource final : public TextSource {
 public:
  FileSource(std::string path, std::unique_ptr<TextReader> reader)
      : path_(std::move(path)), reader_(std::move(reader)) {}

  Result<size_t> read(size_t max_texts, size_t max_bytes, std::vector<std::string>& out) override {
    return reader_->read_batch(max_texts, max_bytes, out);
  }
  uint64_t done() const override { return reader_->bytes_read(); }
  uint64_t total() const override { return reader_->total_bytes(); }
  std::string place(size_t index) const override {
    const std::string number = std::to_string(index + 1);
    if (path_ == "-") return "standard input: line " + number;
    // A record of a .csv may span lines and follows a header; elsewhere a text is a line.
    return path_ + (std::filesystem::path(path_).extension() == ".csv" ? ": record " : ": line ") + number;
  }

 private:
  std::string path_;
  std::unique_ptr<TextReader> reader_;
};

}  // namespace

Outcome<std::unique_ptr<TextSource>> open_texts(const std::vector<std::string>& texts, const InputFlags& flags) {
  if (!texts.empty() && !flags.input.empty()) {
    return fail(ExitCode::usage, "texts as arguments and --input " + flags.input + ": wanted one of the two");
  }
  if (!texts.empty()) return make_memory_source(texts);
  if (flags.input.empty() && stdin_is_terminal()) {
    return fail(ExitCode::usage, "no texts: give them as arguments, with --input FILE, or on standard input");
  }
  const std::string path = flags.input.empty() ? "-" : flags.input;
  FLETCHER_CLI_TRY_ASSIGN(auto reader, blame(ExitCode::input, TextReader::open(path, flags.column)));
  return std::make_unique<FileSource>(path, std::move(reader));
}

std::unique_ptr<TextSource> make_memory_source(std::vector<std::string> texts) {
  return std::make_unique<MemorySource>(std::move(texts));
}

Outcome<std::vector<std::string>> read_all_texts(TextSource& source, size_t limit) {
  std::vector<std::string> all, window;
  while (true) {
    FLETCHER_CLI_TRY_ASSIGN(const size_t count,
                            blame(ExitCode::input, source.read(kWindowTexts, kWindowBytes, window)));
    if (count == 0) return all;
    if (all.size() + count > limit) {
      return fail(ExitCode::input, source.place(limit) + ": wanted at most " + std::to_string(limit) + " texts");
    }
    for (std::string& text : window) all.push_back(std::move(text));
  }
}

}  // namespace fletcher::cli
