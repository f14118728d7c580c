// The texts a command works on: its arguments, a file or standard input, in windows of bounded size.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cli/failure.h"
#include "cli/flags.h"

namespace fletcher::cli {

/// A stream of texts. Not thread-safe.
class TextSource {
 public:
  virtual ~TextSource() = default;

  /// Appends the next texts to the (emptied) `out`, at least one unless the end is reached. Returns how many. Errors
  /// name the file, the line and the field.
  virtual Result<size_t> read(size_t max_texts, size_t max_bytes, std::vector<std::string>& out) = 0;
  /// How far the source is read; the total is 0 when unknown.
  virtual uint64_t done() const = 0;
  virtual uint64_t total() const = 0;
  /// Where text `index` is, for messages: "texts.csv: record 3".
  virtual std::string place(size_t index) const = 0;
};

/// `texts` if there are any, else the file of `flags`, else the lines of standard input if that is no terminal.
/// Texts from two places, or from none, are a usage error.
Outcome<std::unique_ptr<TextSource>> open_texts(const std::vector<std::string>& texts, const InputFlags& flags);

/// Texts that are in memory already.
std::unique_ptr<TextSource> make_memory_source(std::vector<std::string> texts);

/// All texts, at most `limit` of them; more are an input error.
Outcome<std::vector<std::string>> read_all_texts(TextSource& source, size_t limit);

}  // namespace fletcher::cli
