// bf16 in tiles of 16 rows by 64 bytes.
#include "kernels/vector/peak.h"

#include <immintrin.h>

namespace aacft::AACFT_TIER {
namespace {

struct alignas(64) TileConfig {
  std::uint8_t palette = 0, start_row = 0, reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};
};

alignas(64) const std::byte kZeros[1024] = {};

float multiply_adds(std::int64_t rounds) {
  TileConfig before, config;
  _tile_storeconfig(&before);
  config.palette = 1;
  for (int tile = 0; tile < 8; ++tile) config.row_bytes[tile] = 64, config.rows[tile] = 16;
  _tile_loadconfig(&config);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_loadd(4, kZeros, 64);
  _tile_loadd(5, kZeros, 64);
  for (std::int64_t round = 0; round < rounds; ++round) {
    _tile_dpbf16ps(0, 4, 5);
    _tile_dpbf16ps(1, 4, 5);
    _tile_dpbf16ps(2, 4, 5);
    _tile_dpbf16ps(3, 4, 5);
  }
  _tile_loadconfig(&before);
  return 0;
}

}  // namespace

extern const MultiplyAdds peak_multiply_adds = {4 * 2.0 * 16 * 16 * 32, multiply_adds};

}  // namespace aacft::AACFT_TIER
