// What conformance cannot see: tables in parts, and failures of the device as values.

#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "backend/stream.h"
#include "backend/webgpu/webgpu_backend.h"

namespace fletcher::webgpu {
namespace {

constexpr size_t kHidden = 48, kVocabulary = 90, kTokens = 70;

/// The backend, or null with a line that says why this machine has none.
std::unique_ptr<WebGpuBackend> open(const WebGpuOptions& options = {}) {
  auto backend = WebGpuBackend::create(options);
  if (backend) return std::move(*backend);
  std::printf("NOT RUN: webgpu (%s)\n", backend.error().message.c_str());
  return nullptr;
}

std::vector<float> random_values(uint32_t seed, size_t count) {
  std::mt19937 random(seed);
  std::vector<float> values(count);
  for (float& x : values) x = static_cast<float>(random() >> 8) / 8388608.0f - 1.0f;
  return values;
}

HostMatrix host(const std::vector<float>& values, size_t rows) {
  return {std::as_bytes(std::span(values)), DType::f32, rows, values.size() / rows};
}

Batch test_batch() {
  Batch batch;
  std::vector<int32_t> ids(kTokens);
  for (size_t i = 0; i < kTokens; ++i) ids[i] = static_cast<int32_t>(i * 37 % kVocabulary);
  batch.append(ids, {});
  return batch;
}

/// embed, linear, attention on random weights: [kTokens, kHidden].
Result<std::vector<float>> run(WebGpuBackend& backend) {
  const auto table = random_values(1, kVocabulary * kHidden), weight = random_values(2, 3 * kHidden * kHidden),
             bias = random_values(3, 3 * kHidden);
  const HostMatrix w = host(weight, 3 * kHidden), b = host(bias, 1);
  const Batch batch = test_batch();
  FLETCHER_TRY_ASSIGN(const auto words, backend.prepare_embedding(host(table, kVocabulary)));
  FLETCHER_TRY_ASSIGN(const auto qkv_weight, backend.prepare_linear({{&w, 1}, {&b, 1}, Precision::f32}));
  FLETCHER_TRY_ASSIGN(auto x, backend.activation(kTokens, kHidden));
  FLETCHER_TRY_ASSIGN(auto qkv, backend.activation(kTokens, 3 * kHidden));
  const auto stream = backend.open_stream();
  stream->begin(batch);
  stream->embed({.word = words.get()}, x.view);
  stream->linear(x.view, *qkv_weight, {}, qkv.view);
  stream->attention(qkv.view, {2, 2, kHidden / 2, 0.2f}, x.view);
  std::vector<float> out(kTokens * kHidden);
  stream->read(x.view, out);
  FLETCHER_TRY(stream->finish());
  return out;
}

TEST(WebGpuBackend, GivesTheSameBitsWhereTablesAreInParts) {
  const auto whole = open();
  if (whole == nullptr) return;
  const auto wanted = run(*whole);
  ASSERT_TRUE(wanted) << wanted.error().message;
  // A row each; 7 rows each, so that the last part is smaller.
  for (const uint64_t rows : {1, 7}) {
    const auto parted = open({.part_bytes = rows * kHidden * sizeof(float) + 4});
    ASSERT_NE(parted, nullptr);
    const auto seen = run(*parted);
    ASSERT_TRUE(seen) << seen.error().message;
    EXPECT_EQ(std::memcmp(seen->data(), wanted->data(), wanted->size() * sizeof(float)), 0) << rows << " rows a part";
  }
}

TEST(WebGpuBackend, RefusesARowThatNoPartHolds) {
  const auto backend = open({.part_bytes = kHidden * sizeof(float) - 1});
  if (backend == nullptr) return;
  const auto seen = run(*backend);
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().code, Code::resource_exhausted);
  EXPECT_EQ(seen.error().message, "webgpu backend: a row of 48 values, a part holds 191 bytes");
}

TEST(WebGpuBackend, RefusesActivationsThatTheAdapterCannotBind) {
  const auto backend = open();
  if (backend == nullptr) return;
  const auto seen = backend->activation(backend->device().max_binding_bytes() / sizeof(float) / 2 + 1, 2);
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().code, Code::resource_exhausted);
  EXPECT_NE(seen.error().message.find("this adapter binds at most"), std::string::npos) << seen.error().message;
}

TEST(WebGpuBackend, NamesTheAdapter) {
  const auto backend = open();
  if (backend == nullptr) return;
  std::printf("adapter: %s\n", std::string(backend->instruction_set()).c_str());
  EXPECT_NE(backend->instruction_set().find(", "), std::string_view::npos);
  EXPECT_FALSE(backend->instruction_set().starts_with(","));
}

TEST(WebGpuDevice, ReturnsAValidationErrorAndGoesOn) {
  const auto backend = open();
  if (backend == nullptr) return;
  Device& device = backend->device();
  const auto seen = device.make_buffer(64, WGPUBufferUsage_MapRead | WGPUBufferUsage_MapWrite);
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().code, Code::internal);
  EXPECT_TRUE(device.health());
  EXPECT_TRUE(run(*backend));
}

TEST(WebGpuDevice, ReportsItsLoss) {
  const auto backend = open();
  if (backend == nullptr) return;
  const Batch batch = test_batch();
  auto x = backend->activation(kTokens, kHidden);
  ASSERT_TRUE(x);
  const auto stream = backend->open_stream();
  stream->begin(batch);
  stream->l2_normalize(x->view);
  std::vector<float> out(kTokens * kHidden);
  stream->read(x->view, out);
  backend->device().api().DeviceDestroy(backend->device().handle());
  const auto finished = stream->finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().code, Code::unavailable) << finished.error().message;
  EXPECT_TRUE(finished.error().message.starts_with("webgpu backend: the device is lost: "));
  const auto prepared = run(*backend);
  ASSERT_FALSE(prepared);
  EXPECT_EQ(prepared.error().code, Code::unavailable) << prepared.error().message;
}

TEST(WebGpuBackend, ServesStreamsOfSeveralThreads) {
  const auto backend = open();
  if (backend == nullptr) return;
  const auto wanted = run(*backend);
  ASSERT_TRUE(wanted) << wanted.error().message;
  std::vector<Result<std::vector<float>>> seen(4);
  {
    std::vector<std::jthread> threads;
    for (auto& result : seen) threads.emplace_back([&] { result = run(*backend); });
  }
  for (const auto& result : seen) {
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(*result, *wanted);
  }
}

/// Attention of one head over `tokens` equal keys, with values of 0 in the first half and 1 in the second.
Result<std::vector<float>> attend_to_halves(WebGpuBackend& backend, size_t tokens, size_t head_dim) {
  std::vector<float> table(2 * 3 * head_dim);
  std::fill(table.end() - static_cast<ptrdiff_t>(head_dim), table.end(), 1.0f);
  Batch batch;
  std::vector<int32_t> ids(tokens);
  for (size_t i = 0; i < tokens; ++i) ids[i] = i < tokens / 2 ? 0 : 1;
  batch.append(ids, {});
  FLETCHER_TRY_ASSIGN(const auto words, backend.prepare_embedding(host(table, 2)));
  FLETCHER_TRY_ASSIGN(auto qkv, backend.activation(tokens, 3 * head_dim));
  FLETCHER_TRY_ASSIGN(auto context, backend.activation(tokens, head_dim));
  const auto stream = backend.open_stream();
  stream->begin(batch);
  stream->embed({.word = words.get()}, qkv.view);
  stream->attention(qkv.view, {1, 1, head_dim, 1.0f}, context.view);
  std::vector<float> out(tokens * head_dim);
  stream->read(context.view, out);
  FLETCHER_TRY(stream->finish());
  return out;
}

TEST(WebGpuStream, AttendsToTheEndOfALongSequence) {
  const auto backend = open();
  if (backend == nullptr) return;
  const auto seen = attend_to_halves(*backend, 2048, 32);
  ASSERT_TRUE(seen) << seen.error().message;
  for (const float x : *seen) ASSERT_EQ(x, 0.5f);
}

TEST(WebGpuStream, RefusesLoopsThatASoftwareAdapterWouldCut) {
  const auto backend = open();
  if (backend == nullptr || backend->device().max_loop_iterations() == UINT64_MAX) return;
  const auto seen = attend_to_halves(*backend, 7000, 256);
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().code, Code::unimplemented);
  EXPECT_TRUE(seen.error().message.starts_with("webgpu backend: attention over 7000 tokens with heads of 256"));
}

TEST(WebGpuStream, GivesUpAtItsDeadline) {
  const auto backend = open({.timeout = std::chrono::milliseconds(0)});
  if (backend == nullptr) return;
  const auto seen = run(*backend);
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().code, Code::deadline_exceeded);
  EXPECT_EQ(seen.error().message, "webgpu backend: the device did not finish within 0 ms");
}

TEST(WebGpuStream, ServesBatchesOneAfterTheOther) {
  const auto backend = open();
  if (backend == nullptr) return;
  const auto stream = backend->open_stream();
  const auto table = random_values(1, kVocabulary * kHidden);
  const auto words = backend->prepare_embedding(host(table, kVocabulary));
  ASSERT_TRUE(words);
  for (const size_t tokens : {3, 60, 1}) {  // grows, then has room to spare
    Batch batch;
    batch.append(std::vector<int32_t>(tokens, 5), {});
    auto x = backend->activation(tokens, kHidden);
    ASSERT_TRUE(x);
    stream->begin(batch);
    stream->embed({.word = words->get()}, x->view);
    std::vector<float> first(kHidden), last(kHidden);
    stream->read(x->view.first_rows(1), first);
    TensorView last_row = x->view.first_rows(1);
    last_row.offset = (tokens - 1) * kHidden;
    stream->read(last_row, last);
    ASSERT_TRUE(stream->finish());
    const std::vector<float> wanted(table.begin() + 5 * kHidden, table.begin() + 6 * kHidden);
    EXPECT_EQ(first, wanted);
    EXPECT_EQ(last, wanted);
    EXPECT_TRUE(stream->finish());  // of nothing
  }
}

}  // namespace
}  // namespace fletcher::webgpu
