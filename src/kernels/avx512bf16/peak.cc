// Pairs of bf16 in vectors of 512 bits.
#include "kernels/vector/peak.h"

#include <immintrin.h>

namespace aacft::AACFT_TIER {
namespace {

constexpr int kSums = 24;  // Zen 5 waits for results with 12

float multiply_adds(std::int64_t rounds) {
  const __m512bh ones = reinterpret_cast<__m512bh>(_mm512_set1_epi32(0x3f803f80));
  __m512 sums[kSums];
#pragma GCC unroll 24
  for (int i = 0; i < kSums; ++i)
    sums[i] = _mm512_set1_ps(static_cast<float>(i));  // not alike, or one would stand for all
  for (std::int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 24
    for (int i = 0; i < kSums; ++i) sums[i] = _mm512_dpbf16_ps(sums[i], ones, ones);
  }
  __m512 total = sums[0];
#pragma GCC unroll 24
  for (int i = 1; i < kSums; ++i) total = _mm512_add_ps(total, sums[i]);
  return _mm512_cvtss_f32(total);
}

}  // namespace

extern const MultiplyAdds peak_multiply_adds = {2.0 * kSums * 32, multiply_adds};

}  // namespace aacft::AACFT_TIER
