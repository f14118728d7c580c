// The tile products on a processor without tiles: registers in plain C++ stand in for those of AMX, everything else
// (packing, blocks of rows, tails, groups, epilogues) is the code that AMX runs.

#include "backend/cpu/gemm/amx.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "backend/cpu/gemm/pack.h"
#include "backend/cpu/kernels.h"

#if defined(FLETCHER_X86)
#if !defined(__clang__)
// The intrinsics pass an undefined register through on purpose (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

namespace fletcher::cpu {
namespace {

/// The registers as the manual describes them (volume 2, LDTILECFG, TILELOADD, TDPBUSD, TDPBF16PS), but for denormals,
/// which TDPBF16PS takes for zeros. What would fault fails the test.
class EmulatedTiles {
 public:
  explicit EmulatedTiles(const TileConfig& config) : config_(config) {
    EXPECT_EQ(config.palette, 1);
    for (size_t t = 0; t < 16; ++t) {
      const bool named = t < kTileRegisters;
      EXPECT_LE(config.rows[t], named ? kAmxRows : 0) << t;
      EXPECT_LE(config.row_bytes[t], named ? kAmxRowBytes : 0) << t;
      EXPECT_EQ(config.rows[t] == 0, config.row_bytes[t] == 0) << t;
    }
  }

  template <int kTile>
  void zero() {
    EXPECT_GT(config_.rows[kTile], 0);
    std::memset(tiles_[kTile], 0, sizeof tiles_[kTile]);
  }
  template <int kTile>
  void load(const std::byte* p, size_t stride) {
    zero<kTile>();
    for (size_t r = 0; r < config_.rows[kTile]; ++r) {
      std::memcpy(tiles_[kTile][r], p + r * stride, config_.row_bytes[kTile]);
    }
  }
  template <int kTile>
  void store(std::byte* p, size_t stride) {
    EXPECT_GT(config_.rows[kTile], 0);
    for (size_t r = 0; r < config_.rows[kTile]; ++r) {
      std::memcpy(p + r * stride, tiles_[kTile][r], config_.row_bytes[kTile]);
    }
  }
  template <Precision kPrecision, int kSum, int kA, int kB>
  void dot() {
    EXPECT_EQ(config_.rows[kSum], config_.rows[kA]);
    EXPECT_EQ(config_.row_bytes[kSum], config_.row_bytes[kB]);
    EXPECT_EQ(config_.row_bytes[kA] / 4, config_.rows[kB]);
    for (size_t r = 0; r < config_.rows[kSum]; ++r) {
      for (size_t column = 0; column < config_.row_bytes[kSum]; column += 4) {
        std::byte* sum = tiles_[kSum][r] + column;
        if constexpr (kPrecision == Precision::int8) {
          add_int8(sum, tiles_[kA][r], kB, column);
        } else {
          add_bf16(sum, tiles_[kA][r], kB, column);
        }
      }
    }
  }

 private:
  void add_int8(std::byte* sum, const std::byte* a, size_t b, size_t column) {
    int32_t total;
    std::memcpy(&total, sum, sizeof total);
    for (size_t i = 0; i < size_t{config_.rows[b]} * 4; ++i) {
      total += static_cast<uint8_t>(a[i]) * static_cast<int8_t>(tiles_[b][i / 4][column + i % 4]);
    }
    std::memcpy(sum, &total, sizeof total);
  }
  /// Even and odd products in a chain each, both onto the sum at the end.
  void add_bf16(std::byte* sum, const std::byte* a, size_t b, size_t column) {
    float chains[2] = {}, total;
    for (size_t i = 0; i < size_t{config_.rows[b]} * 2; ++i) {
      uint16_t x, w;
      std::memcpy(&x, a + i * 2, sizeof x);
      std::memcpy(&w, tiles_[b][i / 2] + column + i % 2 * 2, sizeof w);
      chains[i % 2] = std::fma(bf16_to_f32(x), bf16_to_f32(w), chains[i % 2]);
    }
    std::memcpy(&total, sum, sizeof total);
    total += chains[0] + chains[1];
    std::memcpy(sum, &total, sizeof total);
  }

  TileConfig config_;
  std::byte tiles_[kTileRegisters][kAmxRows][kAmxRowBytes] = {};
};

}  // namespace
}  // namespace fletcher::cpu

FLETCHER_AVX512_BEGIN
namespace fletcher::cpu {
namespace {

// clang-format off: in the order of their needs
#include "backend/cpu/vector/avx512.inc"
#include "backend/cpu/vector/common.inc"
#include "backend/cpu/activation/fast_gelu_avx512.inc"
#include "backend/cpu/vector/int8_avx512.inc"
#include "backend/cpu/activation/activation.inc"
#include "backend/cpu/gemm/tile.inc"
#include "backend/cpu/gemm/gemm.inc"
#include "backend/cpu/gemm/gemm_int8.inc"
#include "backend/cpu/gemm/amx.inc"
// clang-format on

void emulated_int8(const GemmArgs& g) { run_gemm<TileProduct<EmulatedTiles, Int8Block>>(g); }

/// As the table of amx, but that a row alone goes through a tile too.
Kernels emulated_kernels() {
  Kernels kernels = kAvx512Kernels;
  kernels.gemm_int8 = emulated_int8;
  kernels.quantize_rows = quantize_rows;
  kernels.gemm_bf16 = tile_gemm_bf16<EmulatedTiles>;
  kernels.int8_loop = tile_loop<EmulatedTiles, Precision::int8>;
  return kernels;
}

}  // namespace
}  // namespace fletcher::cpu
FLETCHER_AVX512_END

namespace fletcher::cpu {
namespace {

using Gemm = void (*)(const GemmArgs&);

/// Null where this machine cannot run it.
const Kernels* find_kernels(std::string_view isa) {
  const auto usable = usable_kernels();
  const auto found = std::ranges::find(usable, isa, &Kernels::isa);
  return found == usable.end() ? nullptr : *found;
}

/// Uniform in [-1, 1].
std::vector<float> random_values(uint32_t seed, size_t n) {
  std::mt19937 random(seed);
  std::vector<float> values(n);
  for (float& x : values) x = static_cast<float>(random() >> 8) / 8388608.0f - 1.0f;
  return values;
}

uint16_t truncated_bf16(float x) { return static_cast<uint16_t>(__builtin_bit_cast(uint32_t, x) >> 16); }

/// act(x·Wᵀ + bias) + residual on seeded values.
struct Problem {
  size_t rows, k, columns;
  ActivationKind act = ActivationKind::none;
  bool has_residual = false;
  std::vector<float> x, weight, bias, residual;

  Problem(size_t m, size_t in, size_t n, Precision precision) : rows(m), k(in), columns(n) {
    x = random_values(1, rows * k);
    weight = random_values(2, columns * k);
    bias = random_values(3, columns);
    residual = random_values(4, rows * columns);
    if (precision != Precision::bf16) return;
    for (float& v : x) v = bf16_to_f32(truncated_bf16(v));
    for (float& v : weight) v = bf16_to_f32(truncated_bf16(v));
  }

  std::string label() const {
    return std::to_string(rows) + " x " + std::to_string(k) + " x " + std::to_string(columns);
  }

  std::unique_ptr<Linear> pack(const Kernels& kernels, Precision precision) const {
    const HostMatrix w{std::as_bytes(std::span(weight)), DType::f32, columns, k},
        b{std::as_bytes(std::span(bias)), DType::f32, 1, columns};
    auto packed = pack_linear(
        {.weights = {&w, 1}, .biases = {&b, 1}, .precision = precision, .input_center = {}, .input_scale = {}}, kernels,
        nullptr);
    EXPECT_TRUE(packed);
    return std::move(*packed);
  }
};

/// The rows of `a` from `first` on through `gemm`, `count` of them; rows are `stride` bytes apart.
struct Operands {
  const CpuLinear& linear;
  size_t panel_columns;
  std::vector<std::byte> a;
  size_t stride;
  std::vector<float> scale, zero;

  std::vector<float> run(const Problem& p, Gemm gemm, size_t first, size_t count) const {
    const CpuLinear& w = linear;
    std::vector<float> out(count * p.columns, NAN);
    gemm({.a = a.data() + first * stride,
          .lda = stride,
          .rows = count,
          .panels = w.panels.data(),
          .steps = w.steps,
          .bias = w.bias.data(),
          .columns = p.columns,
          .first_panel = 0,
          .last_panel = (p.columns + panel_columns - 1) / panel_columns,
          .act = p.act,
          .residual = p.has_residual ? p.residual.data() + first * p.columns : nullptr,
          .ldr = p.columns,
          .out = out.data(),
          .ldo = p.columns,
          .quantization = {.groups = w.groups,
                           .group_steps = w.group_size / 4,
                           .row_scale = scale.data() + first * w.groups,
                           .row_zero = zero.data() + first * w.groups,
                           .column_scale = w.column_scale.data(),
                           .column_sum = w.column_sum.data()}});
    return out;
  }
};

// Behind each row: large as a u8, NaN as a bf16; neither may count.
constexpr std::byte kGarbage{0xFF};
constexpr size_t kGap = 12;

Operands int8_operands(const Problem& p, const Kernels& kernels, const CpuLinear& linear) {
  Operands o{linear, kernels.panel_columns, {}, linear.steps * 4 + kGap, {}, {}};
  o.a.assign(p.rows * o.stride, kGarbage);
  o.scale.resize(p.rows * linear.groups);
  o.zero.resize(p.rows * linear.groups);
  std::vector<float> work((p.k + 63) / 64 * 64);
  kernels.quantize_rows({.in = p.x.data(),
                         .ldi = p.k,
                         .rows = p.rows,
                         .n = p.k,
                         .groups = linear.groups,
                         .group_size = linear.group_size,
                         .center = nullptr,
                         .inverse_scale = nullptr,
                         .out = o.a.data(),
                         .ldo = o.stride,
                         .scale = o.scale.data(),
                         .zero = o.zero.data(),
                         .ld_scale = linear.groups,
                         .work = work.data()});
  return o;
}

Operands bf16_operands(const Problem& p, const CpuLinear& linear) {
  Operands o{linear, kPanel, {}, linear.steps * 4 + kGap, {}, {}};
  o.a.assign(p.rows * o.stride, kGarbage);
  for (size_t r = 0; r < p.rows; ++r) {
    for (size_t i = 0; i < linear.steps * 2; ++i) {
      const uint16_t value = i < p.k ? truncated_bf16(p.x[r * p.k + i]) : uint16_t{0};
      std::memcpy(o.a.data() + r * o.stride + i * 2, &value, sizeof value);
    }
  }
  return o;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

class TileProducts : public testing::Test {
 protected:
  void SetUp() override {
    if (find_kernels("avx512") != nullptr) tiled_ = emulated_kernels();
    if (!tiled_) std::printf("NOT RUN: emulated tiles (this machine lacks AVX-512, whose words they use)\n");
  }

  /// Emulated tiles and every instruction set of this machine, each with its own packing.
  void expect_int8_bits_of_all(const Problem& p) const {
    const auto packed = p.pack(*tiled_, Precision::int8);
    const Operands tiled = int8_operands(p, *tiled_, static_cast<const CpuLinear&>(*packed));
    const std::vector<float> seen = tiled.run(p, tiled_->gemm_int8, 0, p.rows);
    EXPECT_TRUE(same_bits(seen, tiled.run(p, gemm_int8, 0, p.rows))) << p.label();
    if (p.act != ActivationKind::none) return;  // gelu may differ in its last bit
    for (const Kernels* kernels : usable_kernels()) {
      const auto own = p.pack(*kernels, Precision::int8);
      const Operands o = int8_operands(p, *kernels, static_cast<const CpuLinear&>(*own));
      EXPECT_TRUE(same_bits(seen, o.run(p, kernels->gemm_int8, 0, p.rows))) << p.label() << " " << kernels->isa;
    }
  }

  void expect_bf16_near(const Problem& p) const;

  std::optional<Kernels> tiled_;
};

TEST_F(TileProducts, OfInt8HaveTheBitsOfEveryInstructionSet) {
  if (!tiled_) return;
  for (size_t rows = 1; rows <= 70; ++rows) expect_int8_bits_of_all({rows, 70, 40, Precision::int8});
  for (size_t columns = 1; columns <= 70; ++columns) expect_int8_bits_of_all({19, 70, columns, Precision::int8});
  for (size_t k = 1; k <= 140; ++k) expect_int8_bits_of_all({33, k, 35, Precision::int8});
  for (const size_t k : {384, 512, 516, 1536}) expect_int8_bits_of_all({45, k, 70, Precision::int8});
}

TEST_F(TileProducts, HaveTheEpiloguesOfTheOthers) {
  if (!tiled_) return;
  for (const size_t columns : {37, 64}) {
    Problem p(40, 520, columns, Precision::int8);
    p.has_residual = true;
    expect_int8_bits_of_all(p);
    p.act = ActivationKind::gelu;
    expect_int8_bits_of_all(p);
    p.has_residual = false;
    expect_int8_bits_of_all(p);
  }
}

// Sums of k products of values below 1, in f32 chains: half a unit in the last place of the largest partial sum, about
// sqrt(k) here, for each of k additions at worst.
double bf16_tolerance(size_t k) { return 0x1p-24 * std::sqrt(static_cast<double>(k)) * static_cast<double>(k + 2); }

void TileProducts::expect_bf16_near(const Problem& p) const {
  const auto packed = p.pack(*tiled_, Precision::bf16);
  const Operands o = bf16_operands(p, static_cast<const CpuLinear&>(*packed));
  const std::vector<float> seen = o.run(p, tiled_->gemm_bf16, 0, p.rows);
  const Kernels* bf16 = find_kernels("avx512_bf16");
  const std::vector<float> others = bf16 == nullptr ? seen : o.run(p, bf16->gemm_bf16, 0, p.rows);
  double worst = 0, apart = 0;
  for (size_t i = 0; i < seen.size(); ++i) {
    const size_t row = i / p.columns, column = i % p.columns;
    double wanted = p.bias[column];
    for (size_t j = 0; j < p.k; ++j) {
      wanted += static_cast<double>(p.x[row * p.k + j]) * static_cast<double>(p.weight[column * p.k + j]);
    }
    worst = std::max(worst, std::isnan(seen[i]) ? INFINITY : std::abs(static_cast<double>(seen[i]) - wanted));
    apart = std::max(apart, static_cast<double>(std::abs(seen[i] - others[i])));
  }
  EXPECT_LE(worst, bf16_tolerance(p.k)) << p.label();
  EXPECT_LE(apart, 2 * bf16_tolerance(p.k)) << p.label();
}

TEST_F(TileProducts, OfBf16AreWithinRounding) {
  if (!tiled_) return;
  for (size_t rows = 1; rows <= 70; ++rows) expect_bf16_near({rows, 70, 40, Precision::bf16});
  for (size_t columns = 1; columns <= 70; ++columns) expect_bf16_near({19, 70, columns, Precision::bf16});
  for (size_t k = 1; k <= 70; ++k) expect_bf16_near({33, k, 35, Precision::bf16});
  expect_bf16_near({45, 1536, 70, Precision::bf16});
}

TEST_F(TileProducts, GiveARowTheSameBitsInAnyCompany) {
  if (!tiled_) return;
  for (const Precision precision : {Precision::int8, Precision::bf16}) {
    const Gemm gemm = precision == Precision::int8 ? tiled_->gemm_int8 : tiled_->gemm_bf16;
    const Problem p(70, 530, 45, precision);
    const auto packed = p.pack(*tiled_, precision);
    const auto& linear = static_cast<const CpuLinear&>(*packed);
    const Operands o = precision == Precision::int8 ? int8_operands(p, *tiled_, linear) : bf16_operands(p, linear);
    const std::vector<float> together = o.run(p, gemm, 0, p.rows);
    for (const size_t count : {1, 2, 15, 16, 17, 31, 32, 33}) {
      const size_t first = p.rows - count;
      const std::vector<float> wanted(together.begin() + static_cast<ptrdiff_t>(first * p.columns), together.end());
      EXPECT_TRUE(same_bits(o.run(p, gemm, first, count), wanted)) << count << " rows";
    }
  }
}

TEST_F(TileProducts, CountTheOperationsOfTheirPeak) {
  if (!tiled_) return;
  EXPECT_EQ(tiled_->int8_loop(3), 3.0 * 4 * 2 * 16 * 16 * 64);
}

TEST(TileConfig, LeavesOutASecondTileOfNoRows) {
  const TileConfig few = tile_config(5), many = tile_config(21);
  EXPECT_EQ(few.rows[kRowsOfA], 5);
  EXPECT_EQ(few.rows[kRowsOfA + 1], 0);
  EXPECT_EQ(few.row_bytes[kSums + 2], 0);
  EXPECT_EQ(many.rows[kSums + 1], 16);
  EXPECT_EQ(many.rows[kSums + 3], 5);
  EXPECT_EQ(many.row_bytes[kSums + 3], 64);
}

}  // namespace
}  // namespace fletcher::cpu
#endif
