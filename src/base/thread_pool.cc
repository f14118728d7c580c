#include "base/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <fstream>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace fletcher {
namespace {

// Longer than the gap between two ops of a forward pass, shorter than anyone would notice on a busy machine.
constexpr std::chrono::microseconds kSpin{20};

void pause() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

/// Spins, then parks, until `value` differs from `seen`.
template <typename T>
void wait_for_change(const std::atomic<T>& value, T seen) {
  const auto deadline = std::chrono::steady_clock::now() + kSpin;
  while (value.load(std::memory_order_acquire) == seen) {
    if (std::chrono::steady_clock::now() > deadline) {
      value.wait(seen, std::memory_order_acquire);
      continue;
    }
    for (int i = 0; i < 4; ++i) pause();  // up to 140 cycles each
  }
}

/// CPUs that the cgroup's quota pays for, or infinity.
double cgroup_cpus() {
  std::ifstream v2("/sys/fs/cgroup/cpu.max");
  std::string quota;
  double period = 0;
  if (v2 >> quota >> period)
    return quota == "max" || period <= 0 ? INFINITY : std::strtod(quota.c_str(), nullptr) / period;
  double v1_quota = 0, v1_period = 0;
  if (std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") >> v1_quota &&
      std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_period_us") >> v1_period && v1_quota > 0 && v1_period > 0) {
    return v1_quota / v1_period;
  }
  return INFINITY;
}

}  // namespace

size_t usable_threads() {
  size_t threads = std::max(1u, std::thread::hardware_concurrency());
  cpu_set_t affinity;
  if (::sched_getaffinity(0, sizeof affinity, &affinity) == 0) threads = static_cast<size_t>(CPU_COUNT(&affinity));
  const double quota = cgroup_cpus();
  if (quota < static_cast<double>(threads)) threads = static_cast<size_t>(std::ceil(quota));
  return std::max<size_t>(1, threads);
}

struct ThreadPool::State {
  std::mutex turn;  // held by the caller of run(): one job at a time
  // Written by the caller while the gate is shut and empty, read by workers inside.
  size_t count = 0;
  const void* task = nullptr;
  TaskFn call = nullptr;
  std::atomic<size_t> next = 0;
  std::atomic<uint32_t> job = 0;  // changes when there is work, or when the pool stops
  std::atomic<bool> stop = false;
  // kOpen while workers may join the job, plus the number of those inside: a caller that has done all the work itself
  // does not wait for workers that are still waking up.
  static constexpr uint32_t kOpen = 1u << 31;
  std::atomic<uint32_t> gate = 0;
  std::vector<std::jthread> workers;

  ~State() {
    stop.store(true, std::memory_order_release);
    job.fetch_add(1, std::memory_order_release);
    job.notify_all();
  }

  void work(size_t thread) {
    for (size_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < count;) call(task, i, thread);
  }
  bool join() {
    uint32_t seen = gate.load(std::memory_order_relaxed);
    while ((seen & kOpen) != 0) {
      if (gate.compare_exchange_weak(seen, seen + 1, std::memory_order_acquire, std::memory_order_relaxed)) return true;
    }
    return false;
  }
  void leave() {
    if (gate.fetch_sub(1, std::memory_order_release) == 1) gate.notify_one();  // shut, and the last one out
  }
  void serve(size_t thread) {
    uint32_t seen = 0;
    for (;;) {
      wait_for_change(job, seen);
      seen = job.load(std::memory_order_acquire);
      if (stop.load(std::memory_order_acquire)) return;
      if (!join()) continue;
      work(thread);
      leave();
    }
  }
};

ThreadPool::ThreadPool(size_t num_threads) : num_threads_(1), state_(std::make_unique<State>()) {
  try {
    for (; num_threads_ < num_threads; ++num_threads_) {
      state_->workers.emplace_back([state = state_.get(), thread = num_threads_] { state->serve(thread); });
    }
  } catch (const std::system_error&) {
    // The system gives no more threads (a limit on processes or memory): those there are do the work.
  }
}

ThreadPool::~ThreadPool() = default;

void ThreadPool::run(size_t count, const void* task, TaskFn call) {
  const std::lock_guard turn(state_->turn);
  if (num_threads_ == 1 || count <= 1) {
    for (size_t i = 0; i < count; ++i) call(task, i, 0);
    return;
  }
  State& state = *state_;
  state.count = count;
  state.task = task;
  state.call = call;
  state.next.store(0, std::memory_order_relaxed);
  state.gate.store(State::kOpen, std::memory_order_release);
  state.job.fetch_add(1, std::memory_order_release);
  state.job.notify_all();
  state.work(0);
  state.gate.fetch_and(~State::kOpen, std::memory_order_acq_rel);
  for (uint32_t inside; (inside = state.gate.load(std::memory_order_acquire)) != 0;)
    wait_for_change(state.gate, inside);
}

}  // namespace fletcher
