#include "hub/download.h"

#include <charconv>

#include "hub/partial_file.h"

namespace fletcher::hub {
namespace {

/// A try that got this much further than all before it shows a live connection: the count of tries begins anew.
constexpr uint64_t kProgressBytes = 1 << 20;

/// Where the body of a 206 begins: "bytes 100-199/200".
std::optional<uint64_t> range_start(std::string_view content_range) {
  constexpr std::string_view kUnit = "bytes ";
  if (!content_range.starts_with(kUnit)) return std::nullopt;
  content_range.remove_prefix(kUnit.size());
  uint64_t start = 0;
  const char* end_of_text = content_range.data() + content_range.size();
  const auto [end, error] = std::from_chars(content_range.data(), end_of_text, start);
  if (error != std::errc() || end == end_of_text || *end != '-') return std::nullopt;
  return start;
}

/// One file's tries, one after another.
class FileDownload {
 public:
  FileDownload(HubClient& client, const Download& download, PartialFile partial)
      : client_(client),
        download_(download),
        partial_(std::move(partial)),
        size_(download.file.size),
        checksum_(download.file.checksum),
        what_(download.id.describe() + ": " + printable(download.file.name)) {}

  Result<void> run() {
    Retries tries = client_.retries();
    uint64_t furthest = partial_.size();
    bool was_wrong = false;
    if (size_ > 0 && partial_.size() > size_) FLETCHER_TRY(partial_.clear());
    for (;;) {
      if (auto failure = attempt()) {
        if (partial_.size() >= furthest + kProgressBytes) {
          furthest = partial_.size();
          tries.reset();
        }
        FLETCHER_TRY(tries.wait(*failure));
        continue;
      }
      auto verified = verify();
      if (verified) return partial_.commit(download_.folder + "/" + download_.file.name);
      if (verified.error().code != Code::data_loss) return verified;
      // Wrong bytes are of no use to a later run. A second whole download settles whose fault they are.
      FLETCHER_TRY(partial_.clear());
      if (was_wrong) return verified;
      was_wrong = true;
    }
  }

 private:
  std::optional<HttpFailure> attempt() {
    began_ = restart_ = false;
    const uint64_t start = partial_.size();
    if (size_ > 0 && start == size_) return std::nullopt;  // a run that ended between the last byte and the rename
    auto answer = client_.fetch(
        download_.id, download_.file.name, start, [&](const HttpHead& head) { return take_head(head); },
        [&](const HttpHead& head, std::string_view bytes) { return take_body(head, start, bytes); });
    if (!answer) {
      HttpFailure failure = std::move(answer).error();
      const bool range_refused = failure.head.status == 416 && start > 0;
      if (!range_refused && !restart_) return failure;
      failure.retryable = true;
      return cleared(std::move(failure));
    }
    if (!began_) {  // an empty body
      if (auto begun = begin(*answer, start); !begun) return HttpFailure{std::move(begun).error(), restart_, *answer};
    }
    if (size_ > partial_.size()) {
      return HttpFailure{{Code::unavailable, what_ + ": the hub sent " + std::to_string(partial_.size()) +
                                                 " bytes, wanted " + std::to_string(size_)},
                         true,
                         {}};
    }
    return std::nullopt;
  }

  /// The failure, with the partial file emptied so that the next try begins at byte 0.
  HttpFailure cleared(HttpFailure failure) {
    if (auto done = partial_.clear(); !done) return HttpFailure{std::move(done).error(), false, {}};
    return failure;
  }

  /// Learns what the hub says about the file. Its own answers only: a CDN's ETag need not be a checksum.
  Result<void> take_head(const HttpHead& head) {
    if (head.status >= 400) return {};
    const std::string_view commit = head.field("x-repo-commit");
    if (!download_.commit.empty() && is_commit(commit) && commit != download_.commit) {
      return make_error(Code::aborted, what_ + ": the revision moved from " + download_.commit + " to " +
                                           std::string(commit) + " during the download: pull it again");
    }
    const std::string_view linked = head.field("x-linked-etag");
    const Checksum told = parse_checksum(!linked.empty() ? linked : head.field("etag"));
    if (told.kind != ChecksumKind::none) checksum_ = told;
    if (const auto size = head.number("x-linked-size"); size && *size > 0) size_ = *size;
    return {};
  }

  Result<void> begin(const HttpHead& head, uint64_t start) {
    began_ = true;
    const uint64_t length = head.number("content-length").value_or(0);
    if (head.status == 206) {
      const auto from = range_start(head.field("content-range"));
      if (from != start) {
        restart_ = true;
        return make_error(Code::unavailable, what_ + ": the hub sent the range \"" +
                                                 printable(head.field("content-range")) + "\", wanted bytes from " +
                                                 std::to_string(start));
      }
      total_ = length > 0 ? start + length : 0;
      return {};
    }
    total_ = length;
    return partial_.size() > 0 ? partial_.clear() : Result<void>{};  // the range was ignored
  }

  Result<void> take_body(const HttpHead& head, uint64_t start, std::string_view bytes) {
    if (!began_) FLETCHER_TRY(begin(head, start));
    if (size_ > 0 && partial_.size() + bytes.size() > size_) {
      FLETCHER_TRY(partial_.clear());
      return data_loss(what_ + ": the hub sends more than the " + std::to_string(size_) + " bytes that it announced");
    }
    FLETCHER_TRY(partial_.append(bytes));
    if (download_.on_bytes) download_.on_bytes(partial_.size(), size_ > 0 ? size_ : total_);
    return {};
  }

  Result<void> verify() const {
    FLETCHER_TRY_ASSIGN(const Checksum seen, file_checksum(partial_.path(), checksum_.kind));
    if (seen == checksum_) return {};
    return data_loss(what_ + ": its " + (checksum_.kind == ChecksumKind::sha256 ? "SHA-256" : "git SHA-1") + " is " +
                     seen.hex + ", the hub says " + checksum_.hex);
  }

  HubClient& client_;         // outlives this
  const Download& download_;  // outlives this
  PartialFile partial_;
  uint64_t size_;       // that the file must have; 0: not told
  uint64_t total_ = 0;  // from Content-Length, for progress alone
  Checksum checksum_;
  std::string what_;  // for errors
  bool began_ = false;
  bool restart_ = false;
};

}  // namespace

Result<void> download_file(HubClient& client, const Download& download) {
  FLETCHER_TRY_ASSIGN(auto partial,
                      PartialFile::open(download.folder + "/" + download.file.name + std::string(kStagingSuffix)));
  return FileDownload(client, download, std::move(partial)).run();
}

}  // namespace fletcher::hub
