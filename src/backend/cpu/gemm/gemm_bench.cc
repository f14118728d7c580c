// cpu_microbench [ISA] [THREADS] [NAME] [PRECISION]: percent of the register peak, measured in the same run, of
// products, attention and a whole small encoder (12 layers of 384) on random weights. Best of several runs: machines
// are noisy.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "backend/cpu/cpu_backend.h"
#include "backend/cpu/kernels.h"
#include "backend/cpu/peak.h"
#include "backend/stream.h"
#include "base/thread_pool.h"

namespace fletcher::cpu {
namespace {

constexpr size_t kHidden = 384, kIntermediate = 1536, kHeads = 12, kLayers = 6;

struct Bench {
  std::string isa;
  size_t threads;
  std::string only;  // part of the names to run
  Precision precision = Precision::f32;
  ThreadPool pool{threads};
  std::unique_ptr<CpuBackend> backend;
  std::mt19937 random{1};

  /// Percent of the peak just before and after, the median of many pairs: clock rates drift, neighbours come and go.
  template <typename Run>
  void report(const char* what, double flops, const Run& run) {
    if (std::string_view(what).find(only) == std::string_view::npos) return;
    std::vector<double> shares;
    double best = 0;
    const auto start = std::chrono::steady_clock::now();
    double before = *measure_peak_gflops(isa, precision, threads);
    while (shares.size() < 5 || std::chrono::steady_clock::now() - start < std::chrono::seconds(2)) {
      for (int i = 0; i < 2; ++i) run();  // the measurement of the peak has cooled the caches
      const auto begin = std::chrono::steady_clock::now();
      size_t runs = 0;
      double seconds = 0;
      for (; seconds < 0.005; ++runs) {
        run();
        seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      }
      const double rate = flops * static_cast<double>(runs) / seconds / 1e9;
      const double after = *measure_peak_gflops(isa, precision, threads);
      shares.push_back(rate / std::max(before, after));
      best = std::max(best, rate);
      before = after;
    }
    std::ranges::sort(shares);
    std::printf("%-36s %9.3f ms %8.1f GFLOP/s; of peak %5.1f %% median %5.1f %% best\n", what, flops / best / 1e6, best,
                100 * shares[shares.size() / 2], 100 * shares.back());
  }

  std::vector<float> values(size_t n) {
    std::uniform_real_distribution<float> uniform(-0.1f, 0.1f);
    std::vector<float> out(n);
    for (float& x : out) x = uniform(random);
    return out;
  }
  std::unique_ptr<Linear> linear(size_t in, size_t out) {
    const std::vector<float> weight = values(in * out), bias = values(out);
    const HostMatrix w{std::as_bytes(std::span(weight)), DType::f32, out, in};
    const HostMatrix b{std::as_bytes(std::span(bias)), DType::f32, 1, out};
    return std::move(*backend->prepare_linear(
        {.weights = {&w, 1}, .biases = {&b, 1}, .precision = precision, .input_center = {}, .input_scale = {}}));
  }
  std::unique_ptr<Norm> norm() {
    const std::vector<float> gamma = values(kHidden);
    const HostMatrix g{std::as_bytes(std::span(gamma)), DType::f32, 1, kHidden};
    return std::move(*backend->prepare_norm({.gamma = g, .beta = g}));
  }
};

struct Layer {
  std::unique_ptr<Linear> qkv, out, up, down;
  std::unique_ptr<Norm> norm1, norm2;
};

void bench_ops(Bench& b, size_t tokens) {
  auto x = *b.backend->activation(tokens, kHidden), wide = *b.backend->activation(tokens, kIntermediate);
  auto qkv = *b.backend->activation(tokens, 3 * kHidden);
  const auto w_qkv = b.linear(kHidden, 3 * kHidden), up = b.linear(kHidden, kIntermediate),
             down = b.linear(kIntermediate, kHidden);
  const auto norm = b.norm();
  const auto stream = b.backend->open_stream();
  Batch batch;
  batch.append(std::vector<int32_t>(tokens), {});
  const double m = static_cast<double>(tokens);
  std::printf("-- %zu rows\n", tokens);
  const auto once = [&](auto&& op) {
    return [&, op] {
      stream->begin(batch);
      op();
      if (!stream->finish()) std::abort();
    };
  };
  b.report("384 -> 1152 plain", 2 * m * 384 * 1152, once([&] { stream->linear(x.view, *w_qkv, {}, qkv.view); }));
  b.report("384 -> 1536 gelu", 2 * m * 384 * 1536,
           once([&] { stream->linear(x.view, *up, {.act = ActivationKind::gelu}, wide.view); }));
  b.report("1536 -> 384 plain", 2 * m * 384 * 1536, once([&] { stream->linear(wide.view, *down, {}, x.view); }));
  b.report("1536 -> 384 residual, norm", 2 * m * 384 * 1536,
           once([&] { stream->linear_norm(wide.view, *down, {.residual = x.view}, *norm, x.view, x.view); }));
}

void bench_encoder(Bench& b, const char* what, const std::vector<size_t>& lengths) {
  std::vector<Layer> layers(kLayers);
  for (Layer& l : layers) {
    l = {b.linear(kHidden, 3 * kHidden),
         b.linear(kHidden, kHidden),
         b.linear(kHidden, kIntermediate),
         b.linear(kIntermediate, kHidden),
         b.norm(),
         b.norm()};
  }
  Batch batch;
  double flops = 0;
  for (const size_t length : lengths) {
    batch.append(std::vector<int32_t>(length), {});
    const double n = static_cast<double>(length);
    flops += kLayers * (2 * n * (4 * kHidden * kHidden + 2 * kHidden * kIntermediate) + 4 * n * n * kHidden);
  }
  const std::vector<float> words = b.values(kHidden);
  const auto table =
      std::move(*b.backend->prepare_embedding({std::as_bytes(std::span(words)), DType::f32, 1, kHidden}));
  const size_t tokens = batch.num_tokens();
  auto x = *b.backend->activation(tokens, kHidden), ffn = *b.backend->activation(tokens, kIntermediate);
  auto qkv = *b.backend->activation(tokens, 3 * kHidden), context = *b.backend->activation(tokens, kHidden);
  const auto stream = b.backend->open_stream();
  const AttentionSpec spec{kHeads, kHeads, kHidden / kHeads, 0.176776695f,
                           b.precision == Precision::f32 ? Precision::f32 : Precision::bf16};
  const auto run = [&](bool attention_only) {
    stream->begin(batch);
    if (!attention_only) stream->embed({.word = table.get(), .norm = layers[0].norm1.get()}, x.view);
    for (const Layer& l : layers) {
      if (!attention_only) stream->linear(x.view, *l.qkv, {}, qkv.view);
      stream->attention(qkv.view, spec, context.view);
      if (attention_only) continue;
      stream->linear_norm(context.view, *l.out, {.residual = x.view}, *l.norm1, x.view, x.view);
      stream->linear(x.view, *l.up, {.act = ActivationKind::gelu}, ffn.view);
      stream->linear_norm(ffn.view, *l.down, {.residual = x.view}, *l.norm2, x.view, x.view);
    }
    if (!stream->finish()) std::abort();
  };
  double pairs = 0;
  for (const size_t length : lengths) pairs += static_cast<double>(length * length);
  run(false);
  b.report((std::string("attention ") + what).c_str(), kLayers * 4 * pairs * kHidden, [&] { run(true); });
  b.report((std::string("encoder ") + what).c_str(), flops, [&] { run(false); });
}

int run(int argc, char** argv) {
  const std::string isa = argc > 1 ? argv[1] : std::string(usable_kernels().back()->isa);
  Bench b{.isa = isa, .threads = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 1, .only = argc > 3 ? argv[3] : ""};
  const std::string precision = argc > 4 ? argv[4] : "f32";
  if (precision != "f32") b.precision = precision == "int8" ? Precision::int8 : Precision::bf16;
  auto backend = CpuBackend::create({.isa = isa, .pool = &b.pool});
  if (!backend) return std::fprintf(stderr, "%s\n", backend.error().message.c_str()), 2;
  b.backend = std::move(*backend);
  for (const size_t rows : {1, 10, 15, 96, 256, 512}) bench_ops(b, rows);
  bench_encoder(b, "one text of 10", {10});
  bench_encoder(b, "512 texts of 15", std::vector<size_t>(512, 15));
  bench_encoder(b, "32 texts of 195", std::vector<size_t>(32, 195));
  bench_encoder(b, "one text of 512", {512});
  bench_encoder(b, "16 texts of 512", std::vector<size_t>(16, 512));
  return 0;
}

}  // namespace
}  // namespace fletcher::cpu

int main(int argc, char** argv) { return fletcher::cpu::run(argc, argv); }
