#include "bulk/vector_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/json_writer.h"

namespace fletcher {
namespace {

/// Where bytes go: a file that appears on commit, or a stream that shows them at once.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual Result<void> write(std::string_view bytes) = 0;
  /// Overwrites the first bytes. UNIMPLEMENTED for a stream.
  virtual Result<void> rewrite_start(std::string_view bytes) = 0;
  virtual Result<void> commit() = 0;
};

class FileSink final : public ByteSink {
 public:
  explicit FileSink(std::unique_ptr<AtomicFile> file) : file_(std::move(file)) {}
  Result<void> write(std::string_view bytes) override { return file_->write(bytes); }
  Result<void> rewrite_start(std::string_view bytes) override { return file_->write_at(0, bytes); }
  Result<void> commit() override { return file_->commit(); }

 private:
  std::unique_ptr<AtomicFile> file_;
};

class StreamSink final : public ByteSink {
 public:
  StreamSink(std::string name, int fd) : name_(std::move(name)), fd_(fd) {}
  ~StreamSink() override {
    if (fd_ != STDOUT_FILENO) ::close(fd_);
  }
  Result<void> write(std::string_view bytes) override {
    buffer_ += bytes;
    return buffer_.size() < kBufferBytes ? Result<void>() : flush();
  }
  Result<void> rewrite_start(std::string_view) override {
    return unimplemented(name_ + ": a .npy needs a file that can be rewritten, not a pipe or device");
  }
  Result<void> commit() override { return flush(); }

 private:
  static constexpr size_t kBufferBytes = 1 << 16;

  Result<void> flush() {
    for (size_t done = 0; done < buffer_.size();) {
      const ssize_t n = ::write(fd_, buffer_.data() + done, buffer_.size() - done);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) {
        const Code code = errno == ENOSPC ? Code::resource_exhausted : Code::unavailable;
        return make_error(code, name_ + ": cannot write: " + std::strerror(errno));
      }
      done += static_cast<size_t>(n);
    }
    buffer_.clear();
    return {};
  }

  std::string name_;
  int fd_;
  std::string buffer_;
};

bool is_standard_output(const std::string& path) { return path == "-" || path == "/dev/stdout"; }

/// A pipe, a device, or a descriptor of this process whatever it leads to: a rename would replace the name itself.
bool is_stream(const std::string& path) {
  if (path.starts_with("/dev/fd/") || path.starts_with("/proc/") || path == "/dev/stderr") return true;
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

Result<std::unique_ptr<ByteSink>> open_sink(const std::string& path) {
  if (is_standard_output(path)) return std::make_unique<StreamSink>("standard output", STDOUT_FILENO);
  if (is_stream(path)) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0) {
      const int error = errno;
      const Code code = error == ENOENT   ? Code::not_found
                        : error == EACCES ? Code::permission_denied
                                          : Code::unavailable;
      return make_error(code, path + ": cannot open: " + std::strerror(error));
    }
    return std::make_unique<StreamSink>(path, fd);
  }
  // Through a symbolic link, so that the link stays and its target is what is replaced.
  std::error_code error;
  std::string target = path;
  if (std::filesystem::is_symlink(path, error)) target = std::filesystem::canonical(path, error).string();
  FLETCHER_TRY_ASSIGN(auto file, AtomicFile::create(error ? path : target));
  return std::make_unique<FileSink>(std::move(file));
}

/// An IEEE half as a float, exact. Here because bulk/ does not see tensor/.
float half_value(uint16_t bits) {
  const int exponent = bits >> 10 & 0x1F, fraction = bits & 0x3FF;
  const float sign = (bits & 0x8000) != 0 ? -1.0f : 1.0f;
  if (exponent == 31) return sign * (fraction == 0 ? HUGE_VALF : NAN);
  return sign * (exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                               : std::ldexp(static_cast<float>(fraction + 1024), exponent - 25));
}

class JsonlWriter final : public VectorWriter {
 public:
  JsonlWriter(std::unique_ptr<ByteSink> sink, ElementType type) : sink_(std::move(sink)), type_(type) {}

  Result<void> write_row(size_t index, std::span<const float> row) override {
    begin_line(index);
    append_json_array(line_, row);
    return end_line();
  }
  Result<void> write_row(size_t index, std::span<const std::byte> row) override {
    begin_line(index);
    line_ += '[';
    const size_t width = type_ == ElementType::f16 ? 2 : 1;
    for (size_t i = 0; i + width <= row.size(); i += width) {
      if (i > 0) line_ += ',';
      append_element(row, i);
    }
    line_ += ']';
    return end_line();
  }
  Result<void> commit() override { return sink_->commit(); }

 private:
  void begin_line(size_t index) { line_ = "{\"index\":" + std::to_string(index) + ",\"embedding\":"; }
  Result<void> end_line() {
    line_ += "}\n";
    return sink_->write(line_);
  }
  void append_element(std::span<const std::byte> row, size_t i) {
    const auto low = static_cast<uint8_t>(row[i]);
    if (type_ == ElementType::f16) {
      append_json_number(line_, half_value(static_cast<uint16_t>(low | static_cast<uint16_t>(row[i + 1]) << 8)));
    } else {
      line_ +=
          std::to_string(type_ == ElementType::i8 ? static_cast<int>(static_cast<int8_t>(low)) : static_cast<int>(low));
    }
  }

  std::unique_ptr<ByteSink> sink_;
  ElementType type_;
  std::string line_;
};

/// NumPy's format 1.0: magic, header length, a Python dictionary padded with blanks, then the rows. The count of rows
/// is known last, so the header keeps its length whatever the count. Source: numpy.lib.format.
class NpyWriter final : public VectorWriter {
 public:
  NpyWriter(std::unique_ptr<ByteSink> sink, const Options& options) : sink_(std::move(sink)), options_(options) {}

  Result<void> start() {
    FLETCHER_TRY(sink_->rewrite_start(""));  // refuse a pipe now, not after the work
    return sink_->write(header());
  }
  Result<void> write_row(size_t, std::span<const float> row) override {
    return append(std::as_bytes(row));  // little-endian, as every platform this is built for
  }
  Result<void> write_row(size_t, std::span<const std::byte> row) override { return append(row); }
  Result<void> commit() override {
    FLETCHER_TRY(sink_->rewrite_start(header()));
    return sink_->commit();
  }

 private:
  std::string header() const {
    constexpr size_t kHeaderBytes = 128;  // a multiple of 64, with room for any count
    constexpr const char* kDescriptions[] = {"<f4", "<f2", "|i1", "|u1"};
    std::string text("\x93NUMPY\x01\x00", 8);
    text += static_cast<char>(kHeaderBytes - 10);
    text += '\0';
    text += std::string("{'descr': '") + kDescriptions[static_cast<size_t>(options_.element_type)] +
            "', 'fortran_order': False, 'shape': (" + std::to_string(rows_) + ", " +
            std::to_string(options_.dimensions) + "), }";
    text.append(kHeaderBytes - 1 - text.size(), ' ');
    return text + '\n';
  }
  Result<void> append(std::span<const std::byte> row) {
    constexpr size_t kWidths[] = {4, 2, 1, 1};
    const size_t wanted = options_.dimensions * kWidths[static_cast<size_t>(options_.element_type)];
    if (row.size() != wanted) {
      return internal_error("a row of " + std::to_string(row.size()) + " bytes, wanted " + std::to_string(wanted));
    }
    ++rows_;
    return sink_->write({reinterpret_cast<const char*>(row.data()), row.size()});
  }

  std::unique_ptr<ByteSink> sink_;
  Options options_;
  size_t rows_ = 0;
};

}  // namespace

Result<std::unique_ptr<VectorWriter>> VectorWriter::create(const std::string& path, const Options& options) {
  const bool npy = path.ends_with(".npy");
  if (!npy && !path.ends_with(".jsonl") && !is_standard_output(path) && !is_stream(path)) {
    return invalid_argument(path + ": wanted a name that ends in .jsonl or .npy, or - for JSON lines");
  }
  FLETCHER_TRY_ASSIGN(auto sink, open_sink(path));
  if (!npy) return std::make_unique<JsonlWriter>(std::move(sink), options.element_type);
  auto writer = std::make_unique<NpyWriter>(std::move(sink), options);
  FLETCHER_TRY(writer->start());
  return writer;
}

}  // namespace fletcher
