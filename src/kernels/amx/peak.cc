// bf16 in tiles of 16 rows by 64 bytes.
#include "kernels/vector/peak.h"

#include "kernels/amx/tiles.h"

namespace aacft::AACFT_TIER {
namespace {

float multiply_adds(std::int64_t rounds, const std::byte* operands) {
  constexpr std::int64_t kTile = 1024;  // bytes
  static_assert(4 * kTile <= kOperandBytes);
  alignas(64) float sums[kTile / 4];
  const FullTiles tiles;
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_loadd(4, operands, 64);
  _tile_loadd(5, operands + kTile, 64);
  _tile_loadd(6, operands + 2 * kTile, 64);
  _tile_loadd(7, operands + 3 * kTile, 64);
  for (std::int64_t round = 0; round < rounds; ++round) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, sums, 64);
  return sums[0];
}

}  // namespace

extern const MultiplyAdds peak_multiply_adds = {4 * 2.0 * 16 * 16 * 32, multiply_adds};

}  // namespace aacft::AACFT_TIER
