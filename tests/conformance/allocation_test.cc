// Nothing is allocated once buffers have grown: every allocation of the process is counted, whichever thread makes it
// and whether by new or by malloc, so this is a program of its own.

#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "backend/cpu/cpu_backend.h"
#include "backend/cpu/kernels.h"
#include "base/aligned_buffer.h"
#include "base/thread_pool.h"
#include "engine/request_queue.h"
#include "engine/worker.h"
#include "model/model.h"

#if defined(__has_feature)
#define FLETCHER_HAS_FEATURE(name) __has_feature(name)
#else
#define FLETCHER_HAS_FEATURE(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || FLETCHER_HAS_FEATURE(address_sanitizer) || \
    FLETCHER_HAS_FEATURE(thread_sanitizer)
#define FLETCHER_SANITIZER_ALLOCATES
// As sanitizer/allocator_interface.h, which GCC 12 does not install.
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void*, size_t),
                                                         void (*free_hook)(const volatile void*));
#endif

namespace {

std::atomic<uint64_t> allocations = 0;

void count() { allocations.fetch_add(1, std::memory_order_relaxed); }

#if defined(FLETCHER_SANITIZER_ALLOCATES)
const int kHooked = __sanitizer_install_malloc_and_free_hooks([](const volatile void*, size_t) { count(); },
                                                              [](const volatile void*) {});
#endif

}  // namespace

#if !defined(FLETCHER_SANITIZER_ALLOCATES)
// glibc's own allocator behind names that count. operator new of the C++ library calls them as well; free() is theirs.
extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t number, size_t size);
void* __libc_realloc(void* block, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

void* malloc(size_t size) {
  count();
  return __libc_malloc(size);
}
void* calloc(size_t number, size_t size) {
  count();
  return __libc_calloc(number, size);
}
void* realloc(void* block, size_t size) {
  count();
  return __libc_realloc(block, size);
}
void* memalign(size_t alignment, size_t size) {
  count();
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void** block, size_t alignment, size_t size) {
  *block = memalign(alignment, size);
  return *block == nullptr ? ENOMEM : 0;
}
}
#endif

namespace fletcher {
namespace {

const std::string kBert = FLETCHER_TEST_DATA "/models/tiny/bert";
constexpr uint32_t kSeed = 20261126;
constexpr size_t kVocabulary = 900, kLongest = 128, kBudgetTokens = 1024;

/// Bytes that the compiler may not take for unused.
template <typename T>
void use(T* block) {
  __asm__ volatile("" : : "r"(block) : "memory");
}

TEST(AllocationCount, SeesEveryWayToAllocate) {
  uint64_t before = allocations;
  int* one = new int(7);
  use(one);
  delete one;
  EXPECT_EQ(allocations - before, 1u);
  before = allocations;
  auto lines = AlignedBuffer<float>::allocate(100);
  use(lines->data());
  EXPECT_EQ(allocations - before, 1u);
  before = allocations;
  void* block = std::malloc(5);
  use(block);
  std::free(block);
  EXPECT_EQ(allocations - before, 1u);
}

std::vector<int32_t> random_ids(std::mt19937& random, size_t length) {
  std::vector<int32_t> ids(length);
  for (int32_t& id : ids) id = static_cast<int32_t>(random() % kVocabulary);
  return ids;
}

/// What a stream has to see once: the most sequences, the longest ones, and few tokens.
std::vector<std::vector<size_t>> largest_batches() {
  return {std::vector<size_t>(kBudgetTokens, 1), std::vector<size_t>(kBudgetTokens / kLongest, kLongest), {kLongest}};
}

/// Batches of one text to the whole budget, lengths mixed.
std::vector<std::vector<size_t>> mixed_batches(size_t count) {
  std::mt19937 random(kSeed);
  std::vector<std::vector<size_t>> batches(count);
  for (std::vector<size_t>& lengths : batches) {
    const size_t budget = 1 + random() % kBudgetTokens, longest = 1 + random() % kLongest;
    for (size_t tokens = 0; tokens < budget;) {
      lengths.push_back(std::min(1 + random() % longest, budget - tokens));
      tokens += lengths.back();
    }
  }
  return batches;
}

/// The tiny model on one thread pool, instruction set, schedule and precision.
class LoadedModel {
 public:
  LoadedModel(const cpu::CpuOptions& options, Precision precision) {
    auto backend = cpu::CpuBackend::create(options);
    EXPECT_TRUE(backend) << backend.error().message;
    backend_ = std::move(*backend);
    if (!backend_->supports(precision)) return;
    const CalibrationText text{{2, 38, 40, 3}, {}};
    auto model = Model::load(kBert, *backend_, {.precision = precision, .calibration = {&text, 1}});
    EXPECT_TRUE(model) << model.error().message;
    model_ = std::move(*model);
  }

  explicit operator bool() const { return model_ != nullptr; }
  Backend& backend() { return *backend_; }
  const Model& model() const { return *model_; }

 private:
  std::unique_ptr<cpu::CpuBackend> backend_;
  std::unique_ptr<Model> model_;
};

/// Allocations of packing and running each batch, after those of largest_batches().
void expect_no_allocation(LoadedModel& loaded) {
  const Model& model = loaded.model();
  const auto stream = loaded.backend().open_stream();
  const auto workspace = model.make_workspace(loaded.backend(), kBudgetTokens, kBudgetTokens);
  ASSERT_TRUE(workspace) << workspace.error().message;
  std::mt19937 random(kSeed);
  const std::vector<int32_t> ids = random_ids(random, kLongest);
  std::vector<float> out(kBudgetTokens * model.out_features());
  Batch batch;
  const auto run = [&](const std::vector<size_t>& lengths) {
    batch.clear();
    for (const size_t length : lengths) batch.append(std::span(ids).first(length), {});
    return model.forward(batch, *stream, *workspace, std::span(out).first(lengths.size() * model.out_features()));
  };
  for (const std::vector<size_t>& lengths : largest_batches()) ASSERT_TRUE(run(lengths));
  const auto batches = mixed_batches(24);
  for (size_t i = 0; i < batches.size(); ++i) {
    const uint64_t before = allocations;
    const Result<void> done = run(batches[i]);
    const uint64_t seen = allocations - before;
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(seen, 0u) << "batch " << i << " of " << batches[i].size() << " texts, " << batch.num_tokens()
                        << " tokens";
  }
}

TEST(Allocation, AForwardPassAllocatesNothingAfterTheLargest) {
  std::printf("seed %u\n", kSeed);
  for (const size_t threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    // What is allocated depends on the sizes of panels and on which precisions there are: the two extremes.
    for (const cpu::Kernels* kernels : {cpu::usable_kernels().front(), cpu::usable_kernels().back()}) {
      for (const cpu::Schedule schedule : {cpu::Schedule::automatic, cpu::Schedule::by_chunk, cpu::Schedule::by_op}) {
        for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
          LoadedModel loaded({.isa = kernels->isa, .pool = &pool, .schedule = schedule}, precision);
          if (!loaded) continue;
          SCOPED_TRACE(std::string(kernels->isa) + ", " + std::to_string(threads) + " threads, schedule " +
                       std::to_string(static_cast<int>(schedule)) + ", precision " +
                       std::to_string(static_cast<int>(precision)));
          expect_no_allocation(loaded);
        }
      }
    }
  }
}

/// Texts of the lengths of `batches`, as submit() would queue them.
void push_all(RequestQueue& queue, const std::vector<std::vector<size_t>>& batches,
              const std::shared_ptr<const RequestState>& state) {
  std::mt19937 random(kSeed);
  for (const std::vector<size_t>& lengths : batches) {
    for (const size_t length : lengths) {
      PendingItem item{.state = state, .ids = random_ids(random, length), .untruncated_tokens = length};
      ASSERT_EQ(queue.push(item), RequestQueue::Push::queued);
    }
  }
}

TEST(Allocation, AWorkerAllocatesOnlyTheVectorsThatItHandsOver) {
  ThreadPool pool(2);
  for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
    LoadedModel loaded({.pool = &pool}, precision);
    if (!loaded) continue;
    SCOPED_TRACE("precision " + std::to_string(static_cast<int>(precision)));
    const auto worker = Worker::create(loaded.model(), loaded.backend(), kBudgetTokens);
    ASSERT_TRUE(worker) << worker.error().message;
    RequestQueue queue(size_t{1} << 30);
    size_t items = 0, failed = 0, warm_up_items = 0, all_items = 0;
    uint64_t before = 0, after = 0;
    const auto state = std::make_shared<RequestState>();
    state->sink = [&](size_t, const Result<Item>& item) {
      if (!item || item->dense.empty()) ++failed;
      if (++items == warm_up_items) before = allocations;
      if (items < all_items) return;
      after = allocations;
      queue.close();
    };
    push_all(queue, largest_batches(), state);
    for (const std::vector<size_t>& lengths : largest_batches()) warm_up_items += lengths.size();
    all_items = warm_up_items;
    push_all(queue, mixed_batches(24), state);
    for (const std::vector<size_t>& lengths : mixed_batches(24)) all_items += lengths.size();
    (*worker)->run(queue);
    ASSERT_EQ(items, all_items);
    ASSERT_EQ(failed, 0u);
    EXPECT_EQ(after - before, all_items - warm_up_items);
  }
}

}  // namespace
}  // namespace fletcher
