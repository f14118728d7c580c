// How the eight tile registers of AMX are divided, for the processor's and for the emulated ones of amx_test.cc.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace fletcher::cpu {

constexpr size_t kAmxRows = 16;                 // of a tile register
constexpr size_t kAmxRowBytes = 64;             // of each
constexpr size_t kAmxSteps = kAmxRowBytes / 4;  // of a tile of a, and rows of one of b
constexpr size_t kAmxBlockRows = 2 * kAmxRows;

/// Registers: two tiles of rows times two of columns. Each tile that is loaded is multiplied twice, so that loads keep
/// up with the multiplications; one row of four would load five tiles for four products, this loads four.
enum TileRegister : int { kSums = 0, kRowsOfA = 4, kColumnsOfB = 6, kTileRegisters = 8 };

/// What ldtilecfg reads. Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2A, LDTILECFG.
struct TileConfig {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};
static_assert(sizeof(TileConfig) == 64);

/// For blocks of `rows` rows, in [1, kAmxBlockRows]. Up to kAmxRows the second tile of rows and its sums are left out.
constexpr TileConfig tile_config(size_t rows) {
  TileConfig config;
  const auto set = [&](int tile, size_t height) {
    config.rows[tile] = static_cast<uint8_t>(height);
    config.row_bytes[tile] = height > 0 ? kAmxRowBytes : 0;
  };
  for (int i = 0; i < 2; ++i) {
    const size_t skipped = static_cast<size_t>(i) * kAmxRows;
    const size_t height = rows > skipped ? std::min(rows - skipped, kAmxRows) : 0;
    set(kRowsOfA + i, height);
    set(kSums + 2 * i, height);
    set(kSums + 2 * i + 1, height);
    set(kColumnsOfB + i, kAmxSteps);
  }
  return config;
}

}  // namespace fletcher::cpu
