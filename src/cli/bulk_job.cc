#include "cli/bulk_job.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

namespace fletcher::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kWindowBytes = size_t{1} << 20;

double seconds_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

/// Rows that were submitted and not yet written, in the order of input. Thread-safe: the engine fills what the job
/// takes. Guarded by mutex_: slots_, first_.
class InFlight {
 public:
  struct Slot {
    std::string text;
    Clock::time_point submitted;
    Clock::time_point finished;
    std::optional<Result<Item>> result;
  };

  void add(std::string text, Clock::time_point now) {
    const std::scoped_lock lock(mutex_);
    slots_.push_back({std::move(text), now, {}, std::nullopt});
  }

  void fill(size_t index, Result<Item> result) {
    const auto now = Clock::now();
    const std::scoped_lock lock(mutex_);
    if (index < first_) return;
    Slot& slot = slots_[index - first_];
    slot.finished = now;
    slot.result = std::move(result);
    if (index == first_) ready_.notify_one();
  }

  size_t size() const {
    const std::scoped_lock lock(mutex_);
    return slots_.size();
  }

  /// Takes the oldest row; waits for its result only if `wait`. Nothing if there is none.
  std::optional<Slot> take(bool wait) {
    std::unique_lock lock(mutex_);
    if (slots_.empty()) return std::nullopt;
    // The engine answers every input exactly once, so this wait ends.
    if (wait) ready_.wait(lock, [this] { return slots_.front().result.has_value(); });
    if (!slots_.front().result) return std::nullopt;
    Slot slot = std::move(slots_.front());
    slots_.pop_front();
    ++first_;
    return slot;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Slot> slots_;
  size_t first_ = 0;
};

class Runner {
 public:
  explicit Runner(const BulkJob& job) : job_(job), in_flight_(std::make_shared<InFlight>()) {}
  /// What still waits after an error need not be computed.
  ~Runner() { stop_.request_stop(); }

  Outcome<BulkTotals> run() {
    std::vector<std::string> texts;
    while (true) {
      const auto start = Clock::now();
      FLETCHER_CLI_TRY_ASSIGN(const size_t count,
                              blame(ExitCode::input, job_.source.read(job_.window_texts, kWindowBytes, texts)));
      totals_.read_seconds += seconds_between(start, Clock::now());
      if (count == 0) break;
      submit(texts);
      FLETCHER_CLI_TRY(write_rows(job_.most_in_flight - 1));
      report();
    }
    FLETCHER_CLI_TRY(write_rows(0));
    return totals_;
  }

 private:
  void submit(std::vector<std::string>& texts) {
    EmbedRequest request = job_.request;
    request.stop_token = stop_.get_token();
    request.inputs.clear();
    request.inputs.reserve(texts.size());
    const auto now = Clock::now();
    for (std::string& text : texts) {
      in_flight_->add(job_.keep_texts ? text : std::string(), now);
      request.inputs.push_back(job_.make_input ? job_.make_input(text) : Input(std::move(text)));
    }
    const size_t base = submitted_;
    submitted_ += texts.size();
    // The engine shares the rows in flight: after an error it may still answer when this job is gone.
    job_.engine.submit(std::move(request), [rows = in_flight_, base](size_t index, Result<Item> item) {
      rows->fill(base + index, std::move(item));
    });
  }

  /// Writes what is ready, and waits until at most `most_left` rows are in flight.
  Outcome<void> write_rows(size_t most_left) {
    while (true) {
      std::optional<InFlight::Slot> slot = in_flight_->take(in_flight_->size() > most_left);
      if (!slot) return {};
      const size_t index = totals_.texts;
      if (!*slot->result) {
        const Error& error = slot->result->error();
        return fail(exit_code_of_item(error.code), job_.source.place(index) + ": " + error.message);
      }
      BulkRow row{index, std::move(slot->text), std::move(**slot->result),
                  seconds_between(slot->submitted, slot->finished)};
      totals_.tokens += row.item.tokens;
      const auto start = Clock::now();
      FLETCHER_CLI_TRY(job_.write(std::move(row)));
      totals_.write_seconds += seconds_between(start, Clock::now());
      ++totals_.texts;
      report();
    }
  }

  /// The source is read ahead of the rows that are written: the part of it that is behind us counts.
  void report() {
    if (job_.progress == nullptr || submitted_ == 0) return;
    const double share = static_cast<double>(totals_.texts) / static_cast<double>(submitted_);
    const auto done = static_cast<uint64_t>(share * static_cast<double>(job_.source.done()));
    job_.progress->update(done, job_.source.total(), totals_.texts);
  }

  const BulkJob& job_;
  std::shared_ptr<InFlight> in_flight_;
  std::stop_source stop_;
  size_t submitted_ = 0;
  BulkTotals totals_;
};

}  // namespace

Outcome<BulkTotals> run_bulk_job(const BulkJob& job) { return Runner(job).run(); }

}  // namespace fletcher::cli
