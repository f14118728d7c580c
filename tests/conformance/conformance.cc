#include "conformance.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "backend/cpu/kernels.h"
#include "backend/reference/reference_backend.h"
#include "backend/registry.h"

namespace fletcher::conformance {

std::vector<std::string> instruction_sets() {
  std::vector<std::string> names;
  for (const cpu::Kernels* kernels : cpu::usable_kernels()) names.emplace_back(kernels->isa);
  return names;
}

Target make_cpu(const std::string& isa, size_t threads, cpu::Schedule schedule) {
  Target target;
  target.label = isa + ", " + std::to_string(threads) + " threads, " +
                 (schedule == cpu::Schedule::by_op      ? "by op"
                  : schedule == cpu::Schedule::by_chunk ? "by chunk"
                                                        : "automatic");
  target.pool = std::make_unique<ThreadPool>(threads);
  auto backend = cpu::CpuBackend::create({.isa = isa, .pool = target.pool.get(), .schedule = schedule});
  EXPECT_TRUE(backend) << backend.error().message;
  target.backend = std::move(*backend);
  return target;
}

const std::vector<Target>& targets() {
  static const std::vector<Target> all = [] {
    std::vector<Target> made;
    for (const std::string& isa : instruction_sets()) {
      made.push_back(make_cpu(isa, 2, cpu::Schedule::by_chunk));
      made.push_back(make_cpu(isa, 2, cpu::Schedule::by_op));
    }
    for (const char* isa : {"avx2", "avx2_vnni", "avx512", "avx512_bf16", "amx", "neon", "neon_dotprod"}) {
      if (std::ranges::find(made, isa, [](const Target& t) { return t.backend->instruction_set(); }) == made.end()) {
        std::printf("NOT RUN: conformance of %s (this machine lacks it)\n", isa);
      }
    }
    auto webgpu = make_backend({.device = "webgpu"});
    if (webgpu) {
      made.push_back({"webgpu", nullptr, std::move(*webgpu)});
    } else {
      std::printf("NOT RUN: conformance of webgpu (%s)\n", webgpu.error().message.c_str());
    }
    return made;
  }();
  return all;
}

Backend& reference() {
  static const std::unique_ptr<Backend> backend = make_reference_backend();
  return *backend;
}

Matrix random_matrix(uint32_t seed, size_t rows, size_t cols, float range, float offset) {
  std::mt19937 random(seed);
  Matrix matrix{rows, cols, std::vector<float>(rows * cols)};
  // Not a std::uniform_real_distribution: its values differ between standard libraries.
  for (float& x : matrix.values) x = offset + range * (static_cast<float>(random() >> 8) / 8388608.0f - 1.0f);
  return matrix;
}

Stored::Stored(const Matrix& matrix, DType dtype) : dtype_(dtype), rows_(matrix.rows), cols_(matrix.cols) {
  const size_t size = dtype_size(dtype);
  bytes_.resize(1 + matrix.values.size() * size);
  for (size_t i = 0; i < matrix.values.size(); ++i) {
    const uint32_t bits = __builtin_bit_cast(uint32_t, matrix.values[i]);
    uint16_t narrow = static_cast<uint16_t>(bits >> 16);
    if (dtype == DType::f16) {
      const uint32_t exponent = bits >> 23 & 0xFF;
      narrow = exponent < 113
                   ? uint16_t{0}
                   : static_cast<uint16_t>((bits >> 16 & 0x8000) | (exponent - 112) << 10 | (bits >> 13 & 0x3FF));
    }
    const void* source = dtype == DType::f32 ? static_cast<const void*>(&bits) : &narrow;
    std::memcpy(bytes_.data() + 1 + i * size, source, size);
  }
}

Batch numbered_batch(const std::vector<size_t>& lengths) {
  Batch batch;
  int32_t next = 0;
  for (const size_t length : lengths) {
    std::vector<int32_t> ids(length);
    for (int32_t& id : ids) id = next++;
    batch.append(ids, {});
  }
  return batch;
}

Session::Session(Backend& backend, const Batch& batch)
    : backend_(backend), batch_(batch), stream_(backend.open_stream()) {
  stream_->begin(batch);
}

TensorView Session::view(size_t rows, size_t cols, size_t gap) {
  auto activation = backend_.activation(rows, cols + gap);
  EXPECT_TRUE(activation);
  buffers_.push_back(std::move(activation->buffer));
  return activation->view.columns(gap / 2, cols);
}

TensorView Session::input(const Matrix& values, size_t gap) {
  EXPECT_EQ(values.rows, batch_.num_tokens());
  stored_.push_back(std::make_unique<Stored>(values, DType::f32));
  tables_.push_back(std::move(*backend_.prepare_embedding(stored_.back()->host())));
  const TensorView out = view(values.rows, values.cols, gap);
  stream_->embed({.word = tables_.back().get()}, out);
  return out;
}

const Linear& Session::linear(const Matrix& weight, const Matrix& bias, DType dtype) {
  const Stored w(weight, dtype), b(bias, dtype);
  const HostMatrix hosts[] = {w.host(), b.host()};
  const std::span<const HostMatrix> biases(hosts + 1, bias.values.empty() ? 0 : 1);
  auto made = backend_.prepare_linear({{hosts, 1}, biases, Precision::f32});
  EXPECT_TRUE(made);
  linears_.push_back(std::move(*made));
  return *linears_.back();
}

const Linear& Session::linear(const Matrix& weight, const Matrix& bias, Precision precision, const Matrix& center,
                              const Matrix& scale) {
  const Stored w(weight, DType::f32), b(bias, DType::f32);
  const HostMatrix hosts[] = {w.host(), b.host()};
  if (!backend_.supports(precision)) precision = Precision::f32;
  auto made = backend_.prepare_linear({.weights = {hosts, 1},
                                       .biases = {hosts + 1, 1},
                                       .precision = precision,
                                       .input_center = center.values,
                                       .input_scale = scale.values});
  EXPECT_TRUE(made);
  linears_.push_back(std::move(*made));
  return *linears_.back();
}

const Norm& Session::norm(const Matrix& gamma, const Matrix& beta, float eps) {
  const Stored g(gamma, DType::f32), b(beta, DType::f32);
  auto made =
      backend_.prepare_norm({.gamma = g.host(), .beta = beta.values.empty() ? HostMatrix{} : b.host(), .eps = eps});
  EXPECT_TRUE(made);
  norms_.push_back(std::move(*made));
  return *norms_.back();
}

std::vector<float> Session::finish(TensorView view) {
  std::vector<float> out(view.rows * view.cols);
  stream_->read(view, out);
  const auto done = stream_->finish();
  EXPECT_TRUE(done) << done.error().message;
  return out;
}

double max_difference(const std::vector<float>& seen, const std::vector<float>& wanted) {
  if (seen.size() != wanted.size()) return INFINITY;
  double highest = 0;
  for (size_t i = 0; i < seen.size(); ++i) {
    const double difference = std::abs(static_cast<double>(seen[i]) - wanted[i]);
    if (!(difference <= highest)) highest = std::isfinite(difference) ? difference : INFINITY;
  }
  return highest;
}

}  // namespace fletcher::conformance
