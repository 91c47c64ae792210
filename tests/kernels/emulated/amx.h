// Tiles in software, from Intel's pseudocode: what an instruction may not do to a tile of some configuration ends the
// program.
#pragma once

#include <cmath>
#include <cstdlib>

#include "kernels/emulated/avx512.h"

namespace aacft::emulated {

struct TileConfig {
  std::uint8_t palette, start_row, reserved[14];
  std::uint16_t row_bytes[16];
  std::uint8_t rows[16];
};
static_assert(sizeof(TileConfig) == 64);

struct Tiles {
  TileConfig config = {};
  std::uint32_t words[8][16][16];
};
inline thread_local Tiles tiles;

inline void require(bool allowed) {
  if (!allowed) std::abort();
}

AACFT_EMULATED void tile_config(const void* config) {
  std::memcpy(&tiles.config, config, sizeof tiles.config);
  require(tiles.config.palette == 1 && tiles.config.start_row == 0);
  for (int t = 0; t < 16; ++t) {
    const int most = t < 8 ? 1 : 0;
    require(tiles.config.rows[t] <= 16 * most && tiles.config.row_bytes[t] <= 64 * most);
    require(tiles.config.row_bytes[t] % 4 == 0);
    require((tiles.config.rows[t] == 0) == (tiles.config.row_bytes[t] == 0));
  }
  std::memset(tiles.words, 0, sizeof tiles.words);
}

AACFT_EMULATED void tile_release() { tiles.config = {}; }

inline void require_tile(int t) { require(tiles.config.palette == 1 && tiles.config.rows[t] > 0); }

AACFT_EMULATED void tile_zero(int t) {
  require_tile(t);
  std::memset(tiles.words[t], 0, sizeof tiles.words[t]);
}

AACFT_EMULATED void tile_load(int t, const void* p, std::int64_t stride) {
  tile_zero(t);
  for (int r = 0; r < tiles.config.rows[t]; ++r)
    std::memcpy(tiles.words[t][r], static_cast<const char*>(p) + r * stride, tiles.config.row_bytes[t]);
}

AACFT_EMULATED void tile_store(int t, void* p, std::int64_t stride) {
  require_tile(t);
  for (int r = 0; r < tiles.config.rows[t]; ++r)
    std::memcpy(static_cast<char*>(p) + r * stride, tiles.words[t][r], tiles.config.row_bytes[t]);
}

// c += a b: sums of the even and of the odd steps, then both to c.
AACFT_EMULATED void tile_multiply(int c, int a, int b) {
  require_tile(a), require_tile(b), require_tile(c);
  require(c != a && c != b && a != b);
  const int rows = tiles.config.rows[c], pairs = tiles.config.row_bytes[a] / 4, columns = tiles.config.row_bytes[c] / 4;
  require(rows == tiles.config.rows[a] && pairs == tiles.config.rows[b] && columns * 4 == tiles.config.row_bytes[b]);
  for (int r = 0; r < rows; ++r) {
    float sums[2][16] = {};
    for (int pair = 0; pair < pairs; ++pair)
      for (int n = 0; n < columns; ++n) {
        const std::uint32_t x = tiles.words[a][r][pair], w = tiles.words[b][pair][n];
        sums[0][n] = std::fma(bits_of<float>(x << 16), bits_of<float>(w << 16), sums[0][n]);
        sums[1][n] = std::fma(bits_of<float>(x & 0xffff0000u), bits_of<float>(w & 0xffff0000u), sums[1][n]);
      }
    for (int n = 0; n < columns; ++n)
      tiles.words[c][r][n] = bits_of<std::uint32_t>(bits_of<float>(tiles.words[c][r][n]) + (sums[0][n] + sums[1][n]));
  }
}

}  // namespace aacft::emulated

#undef _tile_loadconfig
#undef _tile_release
#undef _tile_zero
#undef _tile_loadd
#undef _tile_stream_loadd
#undef _tile_stored
#undef _tile_dpbf16ps
#define _tile_loadconfig(config) aacft::emulated::tile_config(config)
#define _tile_release() aacft::emulated::tile_release()
#define _tile_zero(tile) aacft::emulated::tile_zero(tile)
#define _tile_loadd(tile, p, stride) aacft::emulated::tile_load(tile, p, stride)
#define _tile_stream_loadd(tile, p, stride) aacft::emulated::tile_load(tile, p, stride)
#define _tile_stored(tile, p, stride) aacft::emulated::tile_store(tile, p, stride)
#define _tile_dpbf16ps(c, a, b) aacft::emulated::tile_multiply(c, a, b)
