// A square of vectors, transposed in registers.
#pragma once

#include "kernels/vector/simd.h"

namespace aacft::AACFT_TIER {
namespace {

// x[i][j] <-> x[j][i]
AACFT_INLINE void transpose(Floats (&x)[kWidth]) {
  Floats t[kWidth];
#if defined(__AVX512F__)
#define AACFT_QUADS(a, b, i, j)                                                                                   \
  __builtin_shufflevector(a, b, i, 16 + i, j, 16 + j, 4 + i, 20 + i, 4 + j, 20 + j, 8 + i, 24 + i, 8 + j, 24 + j, \
                          12 + i, 28 + i, 12 + j, 28 + j)
#define AACFT_PAIRS(a, b, i)                                                                                          \
  __builtin_shufflevector(a, b, i, i + 1, 16 + i, 17 + i, 4 + i, 5 + i, 20 + i, 21 + i, 8 + i, 9 + i, 24 + i, 25 + i, \
                          12 + i, 13 + i, 28 + i, 29 + i)
#elif defined(__AVX2__)
#define AACFT_QUADS(a, b, i, j) __builtin_shufflevector(a, b, i, 8 + i, j, 8 + j, 4 + i, 12 + i, 4 + j, 12 + j)
#define AACFT_PAIRS(a, b, i) __builtin_shufflevector(a, b, i, i + 1, 8 + i, 9 + i, 4 + i, 5 + i, 12 + i, 13 + i)
#else
#define AACFT_QUADS(a, b, i, j) __builtin_shufflevector(a, b, i, 4 + i, j, 4 + j)
#define AACFT_PAIRS(a, b, i) __builtin_shufflevector(a, b, i, i + 1, 4 + i, 5 + i)
#endif
  // Within each 128 bits: 4 x 4.
#pragma GCC unroll 8
  for (int i = 0; i < kWidth; i += 2) {
    t[i] = AACFT_QUADS(x[i], x[i + 1], 0, 1);
    t[i + 1] = AACFT_QUADS(x[i], x[i + 1], 2, 3);
  }
#pragma GCC unroll 4
  for (int i = 0; i < kWidth; i += 4) {
    x[i] = AACFT_PAIRS(t[i], t[i + 2], 0);
    x[i + 1] = AACFT_PAIRS(t[i], t[i + 2], 2);
    x[i + 2] = AACFT_PAIRS(t[i + 1], t[i + 3], 0);
    x[i + 3] = AACFT_PAIRS(t[i + 1], t[i + 3], 2);
  }
#undef AACFT_QUADS
#undef AACFT_PAIRS
  // Then the 128-bit parts among each other.
#if defined(__AVX512F__)
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    const __m512 a = _mm512_shuffle_f32x4(x[i], x[4 + i], 0x88), b = _mm512_shuffle_f32x4(x[8 + i], x[12 + i], 0x88);
    const __m512 c = _mm512_shuffle_f32x4(x[i], x[4 + i], 0xdd), d = _mm512_shuffle_f32x4(x[8 + i], x[12 + i], 0xdd);
    t[i] = _mm512_shuffle_f32x4(a, b, 0x88);
    t[8 + i] = _mm512_shuffle_f32x4(a, b, 0xdd);
    t[4 + i] = _mm512_shuffle_f32x4(c, d, 0x88);
    t[12 + i] = _mm512_shuffle_f32x4(c, d, 0xdd);
  }
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) x[i] = t[i];
#elif defined(__AVX2__)
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    t[i] = _mm256_permute2f128_ps(x[i], x[4 + i], 0x20);
    t[4 + i] = _mm256_permute2f128_ps(x[i], x[4 + i], 0x31);
  }
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) x[i] = t[i];
#endif
}

}  // namespace
}  // namespace aacft::AACFT_TIER
