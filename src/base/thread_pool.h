// The one pool of compute threads of a process.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace fletcher {

/// Threads this process may keep busy: the smallest of the affinity mask and the cgroup (v2 or v1) CPU quota rounded
/// up; at least 1.
size_t usable_threads();

/// `num_threads - 1` workers (fewer where the system refuses more) plus whoever calls. Workers spin briefly for new
/// work, then park.
class ThreadPool {
 public:
  explicit ThreadPool(size_t num_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  size_t num_threads() const { return num_threads_; }

  /// Calls task(i, thread) for every i in [0, count), on the workers and the calling thread, and returns when all are
  /// done. Indices are handed out in ascending order from an atomic counter; `thread` < num_threads() is distinct among
  /// tasks that run at the same time, for per-thread scratch. Calls from several threads take turns. The task must not
  /// throw and must not call the pool again. Nothing is allocated.
  template <typename Task>
  void parallel_for(size_t count, const Task& task) {
    run(count, &task, [](const void* t, size_t i, size_t thread) { (*static_cast<const Task*>(t))(i, thread); });
  }

 private:
  using TaskFn = void (*)(const void*, size_t, size_t);
  void run(size_t count, const void* task, TaskFn call);

  struct State;
  size_t num_threads_;
  std::unique_ptr<State> state_;
};

}  // namespace fletcher
