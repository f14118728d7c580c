// Streams of texts from files: .txt, .jsonl, .csv, or the lines of standard input.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "bulk/byte_source.h"

namespace fletcher {

/// Reads forwards in bounded memory, whatever the size of the file. Not thread-safe.
///   .txt and "-": a text a line; an empty line is an empty text. Bytes pass as they are.
///   .jsonl: `"text"` or an object whose member `column` is the text, a line; only the last line may be blank.
///   .csv: RFC 4180 with a header row; `column` names the column.
/// A byte order mark at the start of a .jsonl or .csv is passed over.
class TextReader {
 public:
  /// The kind is told by the extension. Errors name the file: NOT_FOUND, INVALID_ARGUMENT (a directory, an extension
  /// that is not known, no such column).
  static Result<std::unique_ptr<TextReader>> open(const std::string& path, const std::string& column = "text");
  virtual ~TextReader() = default;

  /// Replaces `out` by the next texts: at most `max_texts`, and no more once they have `max_bytes`; at least one unless
  /// the end is reached. Returns how many. Errors name file, line and field; what was read before the error is in
  /// `out`.
  Result<size_t> read_batch(size_t max_texts, size_t max_bytes, std::vector<std::string>& out);

  uint64_t bytes_read() const { return source_->bytes_read(); }
  /// 0 when unknown (a pipe).
  uint64_t total_bytes() const { return source_->total_bytes(); }

 protected:
  TextReader(std::string name, std::unique_ptr<ByteSource> source)
      : name_(std::move(name)), source_(std::move(source)) {}
  /// The next text into `text`; false at the end.
  virtual Result<bool> read_text(std::string& text) = 0;
  /// "FILE: line N: what".
  tl::unexpected<Error> at_line(Code code, uint64_t line, const std::string& what) const;

  std::string name_;
  std::unique_ptr<ByteSource> source_;
};

}  // namespace fletcher
