// Vectors of one tier's width, by the compiler's own vector types. Files in this folder are compiled once for each tier
// (see CMakeLists.txt), each time into a namespace of its own, AACFT_TIER, with that tier's flags.
//
// Nothing here or in those files may end up as a function that the linker shares between tiers, or code of a higher tier
// would run on a machine without it: no inline function outside AACFT_TIER, nothing of the standard library but what
// compiles to instructions. scripts/check-tiers proves it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "aacft/kernels/matrix.h"

namespace aacft::AACFT_TIER {

#if defined(__AVX512F__)
constexpr int kWidth = 16;  // floats in a vector
#elif defined(__AVX2__)
constexpr int kWidth = 8;
#else
constexpr int kWidth = 4;
#endif

#define AACFT_INLINE static inline __attribute__((always_inline))

typedef float Floats __attribute__((vector_size(kWidth * 4)));
typedef std::int32_t Ints __attribute__((vector_size(kWidth * 4)));
typedef std::uint32_t Uints __attribute__((vector_size(kWidth * 4)));
typedef std::uint16_t Halves __attribute__((vector_size(kWidth * 2)));
// The same without alignment.
typedef float LooseFloats __attribute__((vector_size(kWidth * 4), aligned(4), may_alias));
typedef std::uint16_t LooseHalves __attribute__((vector_size(kWidth * 2), aligned(2), may_alias));

AACFT_INLINE Floats splat(float x) { return x - Floats{}; }
AACFT_INLINE Ints splat(std::int32_t x) { return x - Ints{}; }
AACFT_INLINE Floats load(const float* p) { return *reinterpret_cast<const LooseFloats*>(p); }
AACFT_INLINE void store(float* p, Floats x) { *reinterpret_cast<LooseFloats*>(p) = x; }
AACFT_INLINE Floats maximum(Floats a, Floats b) { return a > b ? a : b; }
AACFT_INLINE Floats minimum(Floats a, Floats b) { return a < b ? a : b; }

// ---- bf16: the upper half of a float; to nearest even, NaN stays NaN ----

AACFT_INLINE float widen(std::uint16_t x) {
  const std::uint32_t bits = static_cast<std::uint32_t>(x) << 16;
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}
AACFT_INLINE std::uint16_t to_bf16(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, 4);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<std::uint16_t>((bits >> 16) | 0x40u);
  return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}
AACFT_INLINE Floats load_bf16(const std::uint16_t* p) {
  return reinterpret_cast<Floats>(__builtin_convertvector(*reinterpret_cast<const LooseHalves*>(p), Uints) << 16);
}
AACFT_INLINE Floats round_to_bf16(Floats x) {
  const Uints bits = reinterpret_cast<Uints>(x);
  const Uints rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) & 0xffff0000u;
  return x == x ? reinterpret_cast<Floats>(rounded) : x;
}
AACFT_INLINE void store_bf16(std::uint16_t* p, Floats x) {
  *reinterpret_cast<LooseHalves*>(p) = __builtin_convertvector(reinterpret_cast<Uints>(round_to_bf16(x)) >> 16, Halves);
}

// ---- reductions, in one fixed order ----

AACFT_INLINE float sum(Floats x) {
  float lanes[kWidth];
  store(lanes, x);
  for (int half = kWidth / 2; half > 0; half /= 2)
    for (int i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  return lanes[0];
}
AACFT_INLINE float maximum(Floats x) {
  float best = x[0];
  for (int i = 1; i < kWidth; ++i) best = x[i] > best ? x[i] : best;
  return best;
}

// ---- functions ----

// e^x to about 2 units in the last place; 0 below -87.3, infinity above 88.7.
AACFT_INLINE Floats exponential(Floats x) {
  // x = n ln 2 + r with |r| <= ln 2 / 2: adding 1.5 * 2^23 rounds to an integer.
  const Floats clamped = minimum(maximum(x, splat(-88.0f)), splat(89.0f));
  const Floats shifted = clamped * 1.44269504088896341f + 12582912.0f;
  const Floats n = shifted - 12582912.0f;
  const Floats r = (clamped - n * 0.693359375f) - n * -2.12194440e-4f;
  // Taylor's series to r^7 is good to 6e-9 there.
  Floats p = splat(1.0f / 5040);
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  // In two steps, since 2^128 is not a float.
  const Ints exponent = __builtin_convertvector(n, Ints);
  const Ints first = exponent >> 1, second = exponent - first;
  const Floats result = p * reinterpret_cast<Floats>((first + 127) << 23) * reinterpret_cast<Floats>((second + 127) << 23);
  return x < splat(-87.3f) ? Floats{} : (x == x ? result : x);
}

// Vectors and, at the end, single values of a row in either element type.
template <Element kElement>
struct Row {
  AACFT_INLINE Floats load(const std::byte* row, std::int64_t i) {
    if constexpr (kElement == Element::kFp32) {
      return AACFT_TIER::load(reinterpret_cast<const float*>(row) + i);
    } else {
      return load_bf16(reinterpret_cast<const std::uint16_t*>(row) + i);
    }
  }
  AACFT_INLINE void store(std::byte* row, std::int64_t i, Floats x) {
    if constexpr (kElement == Element::kFp32) {
      AACFT_TIER::store(reinterpret_cast<float*>(row) + i, x);
    } else {
      store_bf16(reinterpret_cast<std::uint16_t*>(row) + i, x);
    }
  }
  AACFT_INLINE float get(const std::byte* row, std::int64_t i) {
    if constexpr (kElement == Element::kFp32) {
      return reinterpret_cast<const float*>(row)[i];
    } else {
      return widen(reinterpret_cast<const std::uint16_t*>(row)[i]);
    }
  }
  AACFT_INLINE void put(std::byte* row, std::int64_t i, float x) {
    if constexpr (kElement == Element::kFp32) {
      reinterpret_cast<float*>(row)[i] = x;
    } else {
      reinterpret_cast<std::uint16_t*>(row)[i] = to_bf16(x);
    }
  }
};

}  // namespace aacft::AACFT_TIER
