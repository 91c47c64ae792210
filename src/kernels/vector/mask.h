// Dropout masks: the values of RandomStream::fill_mask, by Philox-4x32-10 (see aacft/base/random.h) on vectors.
#pragma once

#include "kernels/vector/simd.h"

namespace aacft::AACFT_TIER {

// A counter's four words lie in the lower halves of 64-bit lanes of four vectors; the upper halves do not matter.
typedef std::uint64_t Longs __attribute__((vector_size(kWidth * 4)));
constexpr int kCounters = kWidth / 2;
constexpr int kWays = 2;  // such counters at a time, since a round waits for the one before
constexpr int kMaskStep = kWays * 4 * kCounters;

// Of lower halves, exact.
AACFT_INLINE Longs multiply(Longs a, Longs b) {
#if defined(__AVX512F__)
  // All lanes by mask: GCC 12 warns of the undefined vector in the plain form.
  return reinterpret_cast<Longs>(
      _mm512_maskz_mul_epu32(0xff, reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
#elif defined(__AVX2__)
  return reinterpret_cast<Longs>(_mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#elif defined(__SSE2__)
  return reinterpret_cast<Longs>(_mm_mul_epu32(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#else
  return (a & 0xffffffffu) * (b & 0xffffffffu);
#endif
}

AACFT_INLINE Longs same(std::uint32_t x) { return x - Longs{}; }

// values[i] = value first + i of the stream's mask. first is a multiple of 4. values has room for the next multiple of
// kMaskStep.
AACFT_INLINE void fill_mask(const std::uint32_t* key, std::uint32_t substream, float p, std::int64_t first,
                            std::int64_t count, float* values) {
  Longs keys[10][2];
  for (std::uint32_t round = 0; round < 10; ++round) {
    keys[round][0] = same(key[0] + round * 0x9E3779B9u);
    keys[round][1] = same(key[1] + round * 0xBB67AE85u);
  }
  // Where words 0 1 and words 2 3 of two neighbouring lanes are interleaved, even lanes make the lower half of the
  // values, odd lanes the upper: so counters are dealt out to those in turn.
  Longs counter = {}, even = {}, odd = {};
  for (int lane = 0; lane < kCounters; ++lane) {
    counter[lane] = static_cast<std::uint64_t>(first / 4 + lane / 2 + lane % 2 * (kCounters / 2));
    even[lane] = static_cast<std::uint64_t>(lane % 2 == 0 ? lane : kCounters + lane - 1);
    odd[lane] = static_cast<std::uint64_t>(lane % 2 == 0 ? lane + 1 : kCounters + lane);
  }
  // A value is dropped where its upper 24 bits, as a fraction, are less than p.
  const auto threshold = static_cast<std::uint32_t>(__builtin_ceil(static_cast<double>(p) * 0x1p24)) << 8;
  const Floats kept = splat(1.0f / (1.0f - p));
  for (std::int64_t i = 0; i < count; i += kMaskStep) {
    Longs words[4][kWays];
    for (int way = 0; way < kWays; ++way) {
      words[0][way] = counter;
      words[1][way] = counter >> 32;
      words[2][way] = same(substream);
      words[3][way] = same(1);
      counter += kCounters;
    }
    for (int round = 0; round < 10; ++round) {
      for (int way = 0; way < kWays; ++way) {
        const Longs a = multiply(words[0][way], same(0xD2511F53)), b = multiply(words[2][way], same(0xCD9E8D57));
        words[0][way] = (b >> 32) ^ words[1][way] ^ keys[round][0];
        words[1][way] = b;
        words[2][way] = (a >> 32) ^ words[3][way] ^ keys[round][1];
        words[3][way] = a;
      }
    }
    for (int way = 0; way < kWays; ++way) {
      const Longs first_two = (words[0][way] & 0xffffffffu) | (words[1][way] << 32);
      const Longs last_two = (words[2][way] & 0xffffffffu) | (words[3][way] << 32);
      const auto lower = reinterpret_cast<Uints>(__builtin_shuffle(first_two, last_two, even));
      const auto upper = reinterpret_cast<Uints>(__builtin_shuffle(first_two, last_two, odd));
      float* to = values + i + way * 2 * kWidth;
      store(to, lower < threshold ? Floats{} : kept);
      store(to + kWidth, upper < threshold ? Floats{} : kept);
    }
  }
}

}  // namespace aacft::AACFT_TIER
