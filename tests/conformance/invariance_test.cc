// The promise that a text's vector has the same bytes alone, in any batch, in any order, on any number of threads.

#include <algorithm>
#include <cstdio>
#include <map>

#include "conformance.h"

namespace fletcher::conformance {
namespace {

constexpr size_t kHidden = 96, kIntermediate = 200, kHeads = 3, kVocabulary = 500;
constexpr uint32_t kSeed = 20261125;

/// Two post-norm layers and mean pooling on random weights, on one backend.
class SmallEncoder {
 public:
  explicit SmallEncoder(Backend& backend, Precision precision = Precision::f32)
      : backend_(backend), precision_(precision), stream_(backend.open_stream()) {
    table_ = std::move(*backend.prepare_embedding(words_.host()));
    for (uint32_t seed : {10, 20}) {
      layers_.push_back({linear(seed, 3 * kHidden, kHidden), linear(seed + 1, kHidden, kHidden),
                         linear(seed + 2, kIntermediate, kHidden), linear(seed + 3, kHidden, kIntermediate)});
    }
    const Stored gamma(random_matrix(5, 1, kHidden), DType::f32);
    norm_ = std::move(*backend.prepare_norm({.gamma = gamma.host(), .beta = gamma.host()}));
  }

  /// One vector a text, in the order given.
  std::vector<std::vector<float>> run(const std::vector<std::vector<int32_t>>& texts) {
    Batch batch;
    for (const auto& text : texts) batch.append(text, {});
    const size_t tokens = batch.num_tokens(), sequences = texts.size();
    auto x = *backend_.activation(tokens, kHidden), qkv = *backend_.activation(tokens, 3 * kHidden);
    auto context = *backend_.activation(tokens, kHidden), ffn = *backend_.activation(tokens, kIntermediate);
    auto pooled = *backend_.activation(sequences, kHidden);
    stream_->begin(batch);
    stream_->embed({.word = table_.get(), .norm = norm_.get()}, x.view);
    for (const Layer& w : layers_) {
      stream_->linear(x.view, *w.qkv, {}, qkv.view);
      const Precision attention = precision_ == Precision::f32 ? Precision::f32 : Precision::bf16;
      stream_->attention(qkv.view, {kHeads, kHeads, kHidden / kHeads, 0.18f, attention}, context.view);
      stream_->linear_norm(context.view, *w.out, {.residual = x.view}, *norm_, x.view, x.view);
      stream_->linear(x.view, *w.up, {.act = ActivationKind::gelu}, ffn.view);
      stream_->linear_norm(ffn.view, *w.down, {.residual = x.view}, *norm_, x.view, x.view);
    }
    stream_->pool(x.view, PoolingMode::mean, pooled.view);
    stream_->l2_normalize(pooled.view);
    std::vector<float> rows(sequences * kHidden);
    stream_->read(pooled.view, rows);
    const auto done = stream_->finish();
    EXPECT_TRUE(done) << done.error().message;
    std::vector<std::vector<float>> out;
    for (size_t i = 0; i < sequences; ++i) {
      out.emplace_back(rows.begin() + static_cast<ptrdiff_t>(i * kHidden),
                       rows.begin() + static_cast<ptrdiff_t>((i + 1) * kHidden));
    }
    return out;
  }

 private:
  struct Layer {
    std::unique_ptr<Linear> qkv, out, up, down;
  };

  std::unique_ptr<Linear> linear(uint32_t seed, size_t out, size_t in) {
    const Stored weight(random_matrix(seed, out, in, 0.2f), DType::f32), bias(random_matrix(seed, 1, out), DType::f32);
    const HostMatrix w = weight.host(), b = bias.host();
    return std::move(*backend_.prepare_linear({.weights = {&w, 1}, .biases = {&b, 1}, .precision = precision_}));
  }

  Backend& backend_;
  Precision precision_;
  std::unique_ptr<Stream> stream_;
  Stored words_{random_matrix(1, kVocabulary, kHidden), DType::f32};
  std::unique_ptr<EmbeddingTable> table_;
  std::vector<Layer> layers_;
  std::unique_ptr<Norm> norm_;
};

std::vector<std::pair<std::string, Precision>> instruction_sets_and_precisions() {
  std::vector<std::pair<std::string, Precision>> all;
  std::vector<std::string> sets = instruction_sets();
#if defined(__SANITIZE_THREAD__)
  sets = {sets.back()};  // threads meet in the same places whatever the kernels, and each set takes a minute
#endif
  for (const std::string& isa : sets) {
    const Target target = make_cpu(isa, 1, cpu::Schedule::automatic);
    for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
      if (target.backend->supports(precision)) all.emplace_back(isa, precision);
    }
  }
  return all;
}

std::vector<std::vector<int32_t>> random_texts(size_t count) {
  std::mt19937 random(kSeed);
  std::vector<std::vector<int32_t>> texts(count);
  for (size_t i = 0; i < count; ++i) {
    texts[i].resize(1 + random() % (i % 8 == 0 ? 160 : 30));
    for (int32_t& id : texts[i]) id = static_cast<int32_t>(random() % kVocabulary);
  }
  return texts;
}

/// Texts of `order` in batches of `size`; each vector must have the bytes of `wanted`.
void expect_same_bytes(SmallEncoder& encoder, const std::vector<std::vector<int32_t>>& texts,
                       const std::vector<size_t>& order, size_t size, const std::vector<std::vector<float>>& wanted) {
  for (size_t first = 0; first < order.size(); first += size) {
    std::vector<std::vector<int32_t>> batch;
    const size_t last = std::min(order.size(), first + size);
    for (size_t i = first; i < last; ++i) batch.push_back(texts[order[i]]);
    const auto seen = encoder.run(batch);
    for (size_t i = first; i < last; ++i) {
      EXPECT_EQ(std::memcmp(seen[i - first].data(), wanted[order[i]].data(), kHidden * sizeof(float)), 0)
          << "text " << order[i] << " of " << texts[order[i]].size() << " tokens in a batch of " << size;
    }
  }
}

TEST(BatchInvariance, AVectorHasTheSameBytesInEveryBatchOrderAndSchedule) {
  std::printf("seed %u\n", kSeed);
  const auto texts = random_texts(64);
  std::vector<size_t> in_order(texts.size()), shuffled(texts.size());
  for (size_t i = 0; i < texts.size(); ++i) in_order[i] = shuffled[i] = i;
  std::mt19937 random(kSeed);
  for (size_t i = texts.size(); i > 1; --i) std::swap(shuffled[i - 1], shuffled[random() % i]);
  for (const auto& [isa, precision] : instruction_sets_and_precisions()) {
    const Target one = make_cpu(isa, 1, cpu::Schedule::automatic);
    SmallEncoder alone(*one.backend, precision);
    std::vector<std::vector<float>> wanted;
    for (const auto& text : texts) wanted.push_back(alone.run({text})[0]);
    for (const cpu::Schedule schedule : {cpu::Schedule::automatic, cpu::Schedule::by_chunk, cpu::Schedule::by_op}) {
      for (const size_t threads : {1, 2, 5}) {
        const Target target = make_cpu(isa, threads, schedule);
        SCOPED_TRACE(target.label + ", precision " + std::to_string(static_cast<int>(precision)));
        SmallEncoder encoder(*target.backend, precision);
        for (const size_t size : {1, 2, 7, 64}) expect_same_bytes(encoder, texts, in_order, size, wanted);
        expect_same_bytes(encoder, texts, shuffled, 64, wanted);
      }
    }
  }
}

TEST(BatchInvariance, HoldsForOneLongTextBesideShortOnes) {
  auto texts = random_texts(9);
  texts[4].resize(1200, 7);
  const std::vector<size_t> order = {0, 1, 2, 3, 4, 5, 6, 7, 8};
  for (const auto& [isa, precision] : instruction_sets_and_precisions()) {
    const Target one = make_cpu(isa, 1, cpu::Schedule::by_chunk);
    SmallEncoder alone(*one.backend, precision);
    std::vector<std::vector<float>> wanted;
    for (const auto& text : texts) wanted.push_back(alone.run({text})[0]);
    for (const size_t threads : {1, 2, 3}) {
      const Target target = make_cpu(isa, threads, cpu::Schedule::automatic);
      SCOPED_TRACE(target.label + ", precision " + std::to_string(static_cast<int>(precision)));
      SmallEncoder encoder(*target.backend, precision);
      for (const size_t size : {1, 9}) expect_same_bytes(encoder, texts, order, size, wanted);
    }
  }
}

TEST(BatchInvariance, HoldsOnDevicesThatScheduleThemselves) {
  auto texts = random_texts(24);
  texts[5].resize(300, 7);
  std::vector<size_t> in_order(texts.size());
  for (size_t i = 0; i < texts.size(); ++i) in_order[i] = i;
  const std::vector<size_t> reversed(in_order.rbegin(), in_order.rend());
  for (const Target& target : targets()) {
    if (target.backend->name() == "cpu") continue;  // above, with every schedule and number of threads
    SCOPED_TRACE(target.label);
    SmallEncoder encoder(*target.backend);
    std::vector<std::vector<float>> wanted;
    for (const auto& text : texts) wanted.push_back(encoder.run({text})[0]);
    for (const size_t size : {1, 5, 24}) expect_same_bytes(encoder, texts, in_order, size, wanted);
    expect_same_bytes(encoder, texts, reversed, 24, wanted);
  }
}

TEST(BatchInvariance, ScalesToTheReferenceWithinRounding) {
  // Two layers amplify the rounding of single ops (up to 5e-6) a few times; vectors have unit length.
  constexpr double kEncoderTolerance = 2e-5;
  const auto texts = random_texts(5);
  SmallEncoder wanted(reference());
  const auto expected = wanted.run(texts);
  for (const Target& target : targets()) {
    SmallEncoder encoder(*target.backend);
    const auto seen = encoder.run(texts);
    for (size_t i = 0; i < texts.size(); ++i) {
      EXPECT_LE(max_difference(seen[i], expected[i]), kEncoderTolerance) << target.label << " text " << i;
    }
  }
}

}  // namespace
}  // namespace fletcher::conformance
