// What the products in 8 bits of all tiers share: activations, and the way through the weights.
#pragma once

#include "kernels/int8_tier.h"
#include "kernels/vector/simd.h"

namespace aacft::AACFT_TIER {
namespace {

constexpr int kGroup = static_cast<int>(kInt8Group), kGroupVectors = kGroup / kWidth;

// ---- activations ----

// A group of values, rounded, and their sum. Gives back the largest magnitude: 0 if too small, NaN if not finite.
AACFT_INLINE float round_group(const Floats (&x)[kGroupVectors], std::int8_t* values, std::int32_t& sum) {
  typedef std::int8_t Bytes __attribute__((vector_size(kWidth)));
  // As integers, magnitudes have the same order, and those that are not finite are the largest.
  Ints largest = {};
#pragma GCC unroll 8
  for (int v = 0; v < kGroupVectors; ++v) {
    const Ints bits = reinterpret_cast<Ints>(x[v]) & 0x7fffffff;
    largest = bits > largest ? bits : largest;
  }
  std::int32_t bits = 0;
  for (int i = 0; i < kWidth; ++i) bits = largest[i] > bits ? largest[i] : bits;
  float magnitude;
  std::memcpy(&magnitude, &bits, 4);

  sum = 0;
  if (bits >= 0x7f800000 || magnitude < 0x1p-100f) {
    std::memset(values, 0, kInt8Group);
    return bits >= 0x7f800000 ? __builtin_nanf("") : 0.0f;
  }
  const Floats factor = splat(127.0f / magnitude);
  Ints total = {};
#pragma GCC unroll 8
  for (int v = 0; v < kGroupVectors; ++v) {
    // Adding 1.5 * 2^23 rounds to an integer, which is left in the lowest bits.
    const Ints rounded = reinterpret_cast<Ints>(x[v] * factor + 12582912.0f) - 0x4b400000;
    total += rounded;
    const Bytes bytes = __builtin_convertvector(rounded, Bytes);
    std::memcpy(values + v * kWidth, &bytes, kWidth);
  }
  for (int i = 0; i < kWidth; ++i) sum += total[i];
  return magnitude;
}

void round_row(const ConstMatrix& x, std::int64_t row, const Int8Rows& rounded) {
  const std::byte* from = row_of(x, row);
  std::int8_t* values = rounded.values + row * rounded.stride;
  for (std::int64_t group = 0; group < rounded.groups; ++group, values += kGroup) {
    Floats x_values[kGroupVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kGroupVectors; ++v) x_values[v] = load(from, x.element, group * kGroup + v * kWidth, x.cols);
    const std::int64_t at = row * rounded.groups + group;
    rounded.scales[at] = round_group(x_values, values, rounded.sums[at]) * (rounded.unit / 127.0f);
  }
}

// ---- weights ----

// How far ahead of their use lines are prefetched, in bytes, and scales, in groups of activations.
constexpr std::int64_t kAhead = 2048, kScalesAhead = 16;

// Blocks of 16 outputs that are read side by side: one stream of memory each.
template <WeightType kType>
struct Streams {
  static constexpr std::int64_t kGroupBytes = kGroup / inputs_of_line(kType) * kLineBytes;

  const std::byte* lines;
  const std::uint16_t* scales;
  std::int64_t block_bytes, block_scales, groups, count;

  AACFT_INLINE Streams of(const WeightView& w, std::int64_t block, std::int64_t count) {
    Streams s{};
    s.groups = w.in / kGroup;
    s.block_bytes = s.groups * kGroupBytes;
    s.block_scales = w.in / scale_group(kType) * kBlockOutputs;
    s.lines = w.values + block * s.block_bytes;
    s.scales = w.scales + block * s.block_scales;
    s.count = count;
    return s;
  }
  AACFT_INLINE const std::byte* lines_of(const Streams& s, std::int64_t stream, std::int64_t group) {
    return s.lines + stream * s.block_bytes + group * kGroupBytes;
  }
  // Of 16 outputs; what is needed later is fetched.
  AACFT_INLINE const std::uint16_t* scales_of(const Streams& s, std::int64_t stream, std::int64_t group) {
    const std::uint16_t* scales =
        s.scales + stream * s.block_scales + group * kGroup / scale_group(kType) * kBlockOutputs;
    __builtin_prefetch(scales + kScalesAhead * kGroup / scale_group(kType) * kBlockOutputs);
    return scales;
  }
  // From a line to the one to fetch: past a stream's end, it is in the block that this stream will read next.
  AACFT_INLINE std::int64_t ahead(const Streams& s, std::int64_t group) {
    return kAhead + (group + kAhead / kGroupBytes >= s.groups ? (s.count - 1) * s.block_bytes : 0);
  }
};

}  // namespace
}  // namespace aacft::AACFT_TIER
