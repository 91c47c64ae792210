// Sixteen groups of weights are searched at once, one in each lane of a vector, so that every sum runs down the lanes:
// nothing depends on the width of the machine's registers, and the same file comes out everywhere. Compiled without
// contraction for the same reason.
#include "k_blocks.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "half.h"

namespace aacft {
namespace {

#define AACFT_INLINE static inline __attribute__((always_inline))

using Byte = std::uint8_t;

constexpr int kLanes = 16, kBlock = 256;
typedef float Floats __attribute__((vector_size(kLanes * 4)));
typedef std::int32_t Ints __attribute__((vector_size(kLanes * 4)));

AACFT_INLINE Floats splat(float x) { return x - Floats{}; }
AACFT_INLINE Floats least(Floats a, Floats b) { return a < b ? a : b; }
AACFT_INLINE Floats most(Floats a, Floats b) { return a > b ? a : b; }
AACFT_INLINE Floats between(Floats x, float low, float high) { return least(most(x, splat(low)), splat(high)); }
AACFT_INLINE Floats over(Floats a, Floats b) { return b != 0.0f ? a / b : Floats{}; }
// To the nearest, ties to even, of what is below 2^22: beyond, a float has no bits for a fraction.
AACFT_INLINE Floats rounded(Floats x) { return (x + 12582912.0f) - 12582912.0f; }

// ---- Q4_K, Q5_K: eight groups of 32, each a scale times 0 to `levels`, less a minimum that is at least 0 ----

constexpr int kGroup = 32;

struct Affine {
  Floats scale, minimum;
};

// Element i of all groups is x[i]. The range of a group is cut into somewhat more or fewer steps than there are levels;
// for each cut the scale and minimum with the least squared error follow from the levels that it gives.
AACFT_INLINE Affine fit_affine(const Floats* x, float levels) {
  Floats low = {}, high = x[0], sum = {}, squares = {};
  for (int i = 0; i < kGroup; ++i) low = least(low, x[i]), high = most(high, x[i]);
  const Floats range = high - low;
  Floats y[kGroup];
  for (int i = 0; i < kGroup; ++i) {
    y[i] = x[i] - low;
    sum += y[i], squares += y[i] * y[i];
  }
  Affine best = {Floats{}, -low};
  Floats least_error = splat(INFINITY);
  constexpr int kCuts = 13;
  for (int cut = 0; cut < kCuts; ++cut) {
    const Floats inverse = over(splat(levels - 1.4f + 0.2f * static_cast<float>(cut)), range);
    Floats q1 = {}, q2 = {}, qy = {};
    for (int i = 0; i < kGroup; ++i) {
      const Floats q = least(rounded(y[i] * inverse), splat(levels));
      q1 += q, q2 += q * q, qy += q * y[i];
    }
    const float n = kGroup;
    Floats scale = over(n * qy - q1 * sum, n * q2 - q1 * q1), offset = (sum - scale * q1) / n;
    const auto above = offset > -low;
    offset = above ? -low : offset;
    scale = above ? over(qy - offset * q1, q2) : scale;
    const Floats error =
        squares + scale * (scale * q2 + 2.0f * (offset * q1 - qy)) + offset * (n * offset - 2.0f * sum);
    const auto better = (error < least_error) & (scale >= 0.0f);
    least_error = better ? error : least_error;
    best.scale = better ? scale : best.scale;
    best.minimum = better ? -(offset + low) : best.minimum;
  }
  const auto flat = range <= 0.0f;
  return {flat ? Floats{} : best.scale, flat ? -low : best.minimum};
}

// What two blocks hold, the first in lanes 0 to 7.
struct AffineBlocks {
  Floats d, d_minimum;      // of a block, the same in its lanes
  Floats scales, minimums;  // of a group: whole numbers from 0 to 63
  Floats error;
};

AACFT_INLINE Floats levels_of(Floats shifted, Floats inverse, float levels) {
  return between(rounded(least(shifted * inverse, splat(levels))), 0, levels);
}

// Looks for better whole numbers beside those that are there.
AACFT_INLINE void search_neighbours(const Floats* x, float levels, AffineBlocks& blocks) {
  const Floats scales = blocks.scales, minimums = blocks.minimums;
  blocks.error = splat(INFINITY);
  for (int a = -1; a <= 1; ++a) {
    for (int b = -1; b <= 1; ++b) {
      const Floats scale_number = between(scales + static_cast<float>(a), 0, 63);
      const Floats minimum_number = between(minimums + static_cast<float>(b), 0, 63);
      const Floats scale = blocks.d * scale_number, minimum = blocks.d_minimum * minimum_number;
      const Floats inverse = over(splat(1), scale);
      Floats error = {};
      for (int i = 0; i < kGroup; ++i) {
        const Floats shifted = x[i] + minimum;
        const Floats q = levels_of(shifted, inverse, levels);
        const Floats off = scale * q - shifted;
        error += off * off;
      }
      const auto better = error < blocks.error;
      blocks.error = better ? error : blocks.error;
      blocks.scales = better ? scale_number : blocks.scales;
      blocks.minimums = better ? minimum_number : blocks.minimums;
    }
  }
}

AACFT_INLINE float through_half(float value) { return half_to_float(float_to_half(value)); }

AACFT_INLINE void choose_block_scales(const Affine& groups, AffineBlocks& blocks) {
  for (int block = 0; block < 2; ++block) {
    float scale = 0, minimum = 0;
    for (int lane = 8 * block; lane < 8 * block + 8; ++lane) {
      scale = std::max(scale, groups.scale[lane]);
      minimum = std::max(minimum, groups.minimum[lane]);
    }
    for (int lane = 8 * block; lane < 8 * block + 8; ++lane) {
      blocks.d[lane] = through_half(scale / 63);
      blocks.d_minimum[lane] = through_half(minimum / 63);
    }
  }
  blocks.scales = between(rounded(between(over(groups.scale, blocks.d), 0, 64)), 0, 63);
  blocks.minimums = between(rounded(between(over(groups.minimum, blocks.d_minimum), 0, 64)), 0, 63);
}

// The two scales of each block with the least squared error for all else as it is.
AACFT_INLINE AffineBlocks with_refitted_scales(const Floats* x, float levels, const AffineBlocks& blocks) {
  const Floats scale = blocks.d * blocks.scales, minimum = blocks.d_minimum * blocks.minimums;
  const Floats inverse = over(splat(1), scale);
  Floats q1 = {}, q2 = {}, qx = {}, x1 = {};
  for (int i = 0; i < kGroup; ++i) {
    const Floats q = levels_of(x[i] + minimum, inverse, levels);
    q1 += q, q2 += q * q, qx += q * x[i], x1 += x[i];
  }
  const Floats s = blocks.scales, m = blocks.minimums;
  const Floats uu = s * s * q2, uv = s * m * q1, vv = 32.0f * m * m, ux = s * qx, vx = m * x1;
  AffineBlocks refitted = blocks;
  for (int block = 0; block < 2; ++block) {
    double a = 0, b = 0, c = 0, p = 0, r = 0;
    for (int lane = 8 * block; lane < 8 * block + 8; ++lane)
      a += uu[lane], b += uv[lane], c += vv[lane], p += ux[lane], r += vx[lane];
    const double determinant = a * c - b * b;
    const bool both = determinant > 1e-9 * a * c;
    const double d = both ? (p * c - r * b) / determinant : a > 0 ? p / a : 0;
    const double d_minimum = both ? (p * b - r * a) / determinant : 0;
    if (!(d > 0) || !(d_minimum >= 0) || (!both && c > 0)) continue;
    for (int lane = 8 * block; lane < 8 * block + 8; ++lane) {
      refitted.d[lane] = through_half(static_cast<float>(d));
      refitted.d_minimum[lane] = through_half(static_cast<float>(d_minimum));
    }
  }
  return refitted;
}

AACFT_INLINE void take_better_blocks(const AffineBlocks& other, AffineBlocks& blocks) {
  for (int block = 0; block < 2; ++block) {
    float error = 0, other_error = 0;
    for (int lane = 8 * block; lane < 8 * block + 8; ++lane)
      error += blocks.error[lane], other_error += other.error[lane];
    if (!(other_error < error)) continue;
    for (int lane = 8 * block; lane < 8 * block + 8; ++lane) {
      blocks.d[lane] = other.d[lane], blocks.d_minimum[lane] = other.d_minimum[lane];
      blocks.scales[lane] = other.scales[lane], blocks.minimums[lane] = other.minimums[lane];
      blocks.error[lane] = other.error[lane];
    }
  }
}

AACFT_INLINE bool put_scale(float value, Byte* out) {
  const std::uint16_t half = float_to_half(value);
  std::memcpy(out, &half, sizeof half);
  return (half & 0x7C00u) != 0x7C00u;
}

// The reverse of GroupScales in block_encoding.cc.
AACFT_INLINE bool pack_affine(const AffineBlocks& blocks, int block, const Byte (*q)[kLanes], bool fifth, Byte* out) {
  Byte* scales = out + 4;
  for (int group = 0; group < 4; ++group) {
    const int lane = 8 * block + group;
    const int s = static_cast<int>(blocks.scales[lane]), m = static_cast<int>(blocks.minimums[lane]);
    const int s4 = static_cast<int>(blocks.scales[lane + 4]), m4 = static_cast<int>(blocks.minimums[lane + 4]);
    scales[group] = static_cast<Byte>(s | (s4 >> 4) << 6);
    scales[4 + group] = static_cast<Byte>(m | (m4 >> 4) << 6);
    scales[8 + group] = static_cast<Byte>((s4 & 15) | (m4 & 15) << 4);
  }
  Byte *high = out + 16, *bits = fifth ? out + 48 : out + 16;
  for (int i = 0; i < kGroup; ++i) {
    int top = 0;
    for (int group = 0; group < 8; group += 2) {
      const int even = q[i][8 * block + group], odd = q[i][8 * block + group + 1];
      bits[16 * group + i] = static_cast<Byte>((even & 15) | (odd & 15) << 4);
      top |= (even >> 4) << group | (odd >> 4) << (group + 1);
    }
    if (fifth) high[i] = static_cast<Byte>(top);
  }
  const bool minimum_fits = put_scale(blocks.d_minimum[8 * block], out + 2);
  return put_scale(blocks.d[8 * block], out) && minimum_fits;
}

// One block or two.
AACFT_INLINE bool encode_affine(const float* in, int count, bool fifth, Byte* out) {
  const float levels = fifth ? 31 : 15;
  Floats x[kGroup];
  for (int group = 0; group < kLanes; ++group)
    for (int i = 0; i < kGroup; ++i) x[i][group] = in[(32 * group) % (kBlock * count) + i];
  AffineBlocks blocks;
  choose_block_scales(fit_affine(x, levels), blocks);
  search_neighbours(x, levels, blocks);
  AffineBlocks refitted = with_refitted_scales(x, levels, blocks);
  search_neighbours(x, levels, refitted);
  take_better_blocks(refitted, blocks);
  const Floats scale = blocks.d * blocks.scales, minimum = blocks.d_minimum * blocks.minimums;
  const Floats inverse = over(splat(1), scale);
  Byte q[kGroup][kLanes];
  for (int i = 0; i < kGroup; ++i) {
    const Ints numbers = __builtin_convertvector(levels_of(x[i] + minimum, inverse, levels), Ints);
    for (int lane = 0; lane < kLanes; ++lane) q[i][lane] = static_cast<Byte>(numbers[lane]);
  }
  const int bytes = fifth ? 176 : 144;
  bool fits = true;
  for (int block = 0; block < count; ++block) fits &= pack_affine(blocks, block, q, fifth, out + bytes * block);
  return fits;
}

// ---- Q6_K: sixteen groups of 16, each a scale times -32 to 31 ----

constexpr int kSmallGroup = 16;

AACFT_INLINE Floats fit_scale(const Floats* x) {
  Floats low = x[0], high = x[0], squares = {};
  for (int i = 0; i < kSmallGroup; ++i) {
    low = least(low, x[i]), high = most(high, x[i]);
    squares += x[i] * x[i];
  }
  // The lowest level, which is one further away than the highest, is for the largest magnitude.
  const Floats extreme = high > -low ? high : low;
  Floats best = {}, least_error = squares;
  constexpr int kCuts = 11;
  for (int cut = 0; cut < kCuts; ++cut) {
    const Floats inverse = over(splat(-(31.0f + 0.2f * static_cast<float>(cut))), extreme);
    Floats q2 = {}, qx = {};
    for (int i = 0; i < kSmallGroup; ++i) {
      const Floats q = between(rounded(x[i] * inverse), -32, 31);
      q2 += q * q, qx += q * x[i];
    }
    const Floats scale = over(qx, q2), error = squares - scale * qx;
    const auto better = error < least_error;
    least_error = better ? error : least_error;
    best = better ? scale : best;
  }
  return best;
}

AACFT_INLINE Floats signed_levels(Floats x, Floats inverse) { return rounded(between(x * inverse, -32, 31)); }

// The sum of all groups' errors; `numbers` become the best of those beside them.
AACFT_INLINE float search_scale_numbers(const Floats* x, float d, Floats& numbers) {
  const Floats start = numbers;
  Floats least_error = splat(INFINITY);
  for (int step = -1; step <= 1; ++step) {
    const Floats number = between(start + static_cast<float>(step), -128, 127), scale = d * number;
    const Floats inverse = over(splat(1), scale);
    Floats error = {};
    for (int i = 0; i < kSmallGroup; ++i) {
      const Floats off = scale * signed_levels(x[i], inverse) - x[i];
      error += off * off;
    }
    const auto better = error < least_error;
    least_error = better ? error : least_error;
    numbers = better ? number : numbers;
  }
  float sum = 0;
  for (int lane = 0; lane < kLanes; ++lane) sum += least_error[lane];
  return sum;
}

AACFT_INLINE float refitted_scale(const Floats* x, float d, Floats numbers) {
  const Floats inverse = over(splat(1), d * numbers);
  Floats q2 = {}, qx = {};
  for (int i = 0; i < kSmallGroup; ++i) {
    const Floats q = signed_levels(x[i], inverse);
    q2 += q * q, qx += q * x[i];
  }
  double uu = 0, ux = 0;
  const Floats squares = numbers * numbers * q2, products = numbers * qx;
  for (int lane = 0; lane < kLanes; ++lane) uu += squares[lane], ux += products[lane];
  return uu > 0 ? through_half(static_cast<float>(ux / uu)) : d;
}

AACFT_INLINE bool encode_signed(const float* in, Byte* out) {
  Floats x[kSmallGroup];
  for (int group = 0; group < kLanes; ++group)
    for (int i = 0; i < kSmallGroup; ++i) x[i][group] = in[kSmallGroup * group + i];
  const Floats scales = fit_scale(x);
  float largest = 0;
  for (int lane = 0; lane < kLanes; ++lane)
    if (std::fabs(scales[lane]) > std::fabs(largest)) largest = scales[lane];
  float d = through_half(largest / -128);
  Floats numbers = rounded(between(over(scales, splat(d)), -128, 127));
  const float error = search_scale_numbers(x, d, numbers);
  Floats other_numbers = numbers;
  const float other = refitted_scale(x, d, numbers);
  if (search_scale_numbers(x, other, other_numbers) < error) d = other, numbers = other_numbers;

  const Floats inverse = over(splat(1), d * numbers);
  Byte q[kBlock];
  for (int i = 0; i < kSmallGroup; ++i) {
    const Ints whole = __builtin_convertvector(signed_levels(x[i], inverse) + 32.0f, Ints);
    for (int lane = 0; lane < kLanes; ++lane) q[kSmallGroup * lane + i] = static_cast<Byte>(whole[lane]);
  }
  for (int half = 0; half < 2; ++half)
    for (int i = 0; i < 32; ++i) {
      const Byte* from = q + 128 * half + i;
      out[64 * half + i] = static_cast<Byte>((from[0] & 15) | (from[64] & 15) << 4);
      out[64 * half + 32 + i] = static_cast<Byte>((from[32] & 15) | (from[96] & 15) << 4);
      out[128 + 32 * half + i] =
          static_cast<Byte>(from[0] >> 4 | from[32] >> 4 << 2 | from[64] >> 4 << 4 | from[96] >> 4 << 6);
    }
  for (int lane = 0; lane < kLanes; ++lane) out[192 + lane] = static_cast<Byte>(static_cast<int>(numbers[lane]));
  return put_scale(d, out + 208);
}

AACFT_INLINE bool encode_all(Dtype dtype, const float* in, std::int64_t count, Byte* out) {
  // No scales stand for more than this; and squares of it are far from an infinity.
  float largest = 0;
  for (std::int64_t i = 0; i < count; ++i) largest = std::max(largest, std::fabs(in[i]));
  bool fits = largest < 0x1p28f;
  if (dtype == Dtype::kQ6_K) {
    for (; count > 0; in += kBlock, out += 210, count -= kBlock) fits &= encode_signed(in, out);
    return fits;
  }
  const bool fifth = dtype == Dtype::kQ5_K;
  for (; count > 0; in += 2 * kBlock, out += 2 * (fifth ? 176 : 144), count -= 2 * kBlock)
    fits &= encode_affine(in, count > kBlock ? 2 : 1, fifth, out);
  return fits;
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) bool encode_by_avx2(Dtype dtype, const float* in, std::int64_t count, Byte* out) {
  return encode_all(dtype, in, count, out);
}

__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))) bool encode_by_avx512(Dtype dtype, const float* in,
                                                                                    std::int64_t count, Byte* out) {
  return encode_all(dtype, in, count, out);
}
#endif

}  // namespace

bool encode_k_blocks(Dtype dtype, const float* in, std::int64_t count, std::uint8_t* out) {
#if defined(__x86_64__)
  static const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  static const bool avx2 = __builtin_cpu_supports("avx2");
  if (avx512) return encode_by_avx512(dtype, in, count, out);
  if (avx2) return encode_by_avx2(dtype, in, count, out);
#endif
  return encode_all(dtype, in, count, out);
}

}  // namespace aacft
