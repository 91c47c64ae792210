// Tiles, all eight of one shape: 16 rows of 64 bytes.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/vector/simd.h"

namespace aacft::AACFT_TIER {
namespace {

struct alignas(64) TileConfig {
  std::uint8_t palette, start_row, reserved[14];
  std::uint16_t row_bytes[16];
  std::uint8_t rows[16];
};
// A constant on purpose. GCC 12 takes it that loading a configuration reads 8 bytes, and leaves out what a function
// stores to the others: then the first instruction that uses a tile ends the program.
constexpr TileConfig kFullTiles = {1, 0, {}, {64, 64, 64, 64, 64, 64, 64, 64}, {16, 16, 16, 16, 16, 16, 16, 16}};

// While one lives, its thread has tiles of this shape. Nothing else configures tiles.
struct FullTiles {
  FullTiles() { _tile_loadconfig(&kFullTiles); }
  ~FullTiles() { _tile_release(); }
  FullTiles(const FullTiles&) = delete;
};

}  // namespace
}  // namespace aacft::AACFT_TIER
