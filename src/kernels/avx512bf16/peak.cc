// Pairs of bf16 in vectors of 512 bits.
#include "kernels/vector/peak.h"

#include <immintrin.h>

namespace aacft::AACFT_TIER {
namespace {

constexpr int kSums = 24;  // Zen 5 waits for results with 12

float multiply_adds(std::int64_t rounds, const std::byte* operands) {
  __m512bh factors[2][2];
  for (int i = 0; i < 4; ++i) factors[i / 2][i % 2] = reinterpret_cast<__m512bh>(_mm512_loadu_si512(operands + 64 * i));
  __m512 sums[kSums];
#pragma GCC unroll 24
  for (int i = 0; i < kSums; ++i) sums[i] = _mm512_loadu_ps(operands + 64 * (4 + i));
  for (std::int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 24
    for (int i = 0; i < kSums; ++i) sums[i] = _mm512_dpbf16_ps(sums[i], factors[0][i % 2], factors[1][i / 2 % 2]);
  }
  __m512 total = sums[0];
#pragma GCC unroll 24
  for (int i = 1; i < kSums; ++i) total = _mm512_add_ps(total, sums[i]);
  return _mm512_cvtss_f32(total);
}

}  // namespace

extern const MultiplyAdds peak_multiply_adds = {2.0 * kSums * 32, multiply_adds};

}  // namespace aacft::AACFT_TIER
