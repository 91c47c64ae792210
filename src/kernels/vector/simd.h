// Vectors of one tier's width, by the compiler's own vector types. Files in this folder are compiled once for each tier
// (see CMakeLists.txt), each time into a namespace of its own, AACFT_TIER, with that tier's flags.
//
// Nothing here or in those files may end up as a function that the linker shares between tiers, or code of a higher
// tier would run on a machine without it: no inline function outside AACFT_TIER, nothing of the standard library but
// what compiles to instructions. scripts/check-tiers proves it.
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
// What __builtin_convertvector would do in twice the instructions (GCC 12).
AACFT_INLINE Uints widen(LooseHalves x) {
#if defined(__AVX512F__)
  return reinterpret_cast<Uints>(_mm512_maskz_cvtepu16_epi32(0xffff, reinterpret_cast<__m256i>(x)));
#elif defined(__AVX2__)
  return reinterpret_cast<Uints>(_mm256_cvtepu16_epi32(reinterpret_cast<__m128i>(x)));
#else
  return __builtin_convertvector(x, Uints);
#endif
}
AACFT_INLINE LooseHalves narrow(Uints x) {  // below 2^16
#if defined(__AVX512F__)
  return reinterpret_cast<LooseHalves>(_mm512_maskz_cvtepi32_epi16(0xffff, reinterpret_cast<__m512i>(x)));
#elif defined(__AVX2__)
  const __m256i halves = _mm256_packus_epi32(reinterpret_cast<__m256i>(x), _mm256_setzero_si256());
  return reinterpret_cast<LooseHalves>(_mm256_castsi256_si128(_mm256_permute4x64_epi64(halves, 0xd8)));
#else
  return __builtin_convertvector(x, Halves);
#endif
}
AACFT_INLINE Floats load_bf16(const std::uint16_t* p) {
  return reinterpret_cast<Floats>(widen(*reinterpret_cast<const LooseHalves*>(p)) << 16);
}
// In the upper halves; the lower ones are left over.
AACFT_INLINE Uints bf16_bits(Floats x) {
  const Uints bits = reinterpret_cast<Uints>(x);
  return x == x ? bits + 0x7fffu + ((bits >> 16) & 1u) : bits | 0x400000u;
}
AACFT_INLINE Floats round_to_bf16(Floats x) { return reinterpret_cast<Floats>(bf16_bits(x) & 0xffff0000u); }
AACFT_INLINE void store_bf16(std::uint16_t* p, Floats x) {
  *reinterpret_cast<LooseHalves*>(p) = narrow(bf16_bits(x) >> 16);
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

// e^x to about 1 unit in the last place; 0 below -87.3, infinity above 88.7228.
AACFT_INLINE Floats exponential(Floats x) {
  // x = n ln 2 + r with |r| <= ln 2 / 2: adding 1.5 * 2^23 rounds to an integer, which is left in the lowest bits.
  const Floats shifted = x * 1.44269504088896341f + 12582912.0f;
  const Floats n = shifted - 12582912.0f;
  const Floats r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  // 1 + r + r^2 q(r), with the smallest largest relative error, 3.1e-9 (by Remez's algorithm).
  Floats p = splat(0.00138144650085f);
  p = p * r + 0.00836878038091f;
  p = p * r + 0.0416683942508f;
  p = p * r + 0.166665201084f;
  p = p * r + 0.499999934123f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const Uints scaled = reinterpret_cast<Uints>(p) + (reinterpret_cast<Uints>(shifted) << 23);  // p 2^n
  const Floats result = x <= splat(88.7228f) ? reinterpret_cast<Floats>(scaled) : x * __builtin_inff();
  return x < splat(-87.3f) ? Floats{} : result;  // NaN stays NaN
}

// ---- rows ----

// Vectors of a row of `size` values whose element type is known at run time only. Past the end zeros are read, and
// nothing is written; so the end of a row goes through the same code as the rest.
__attribute__((unused, noinline)) static Floats load_end(const std::byte* row, Element element, std::int64_t i,
                                                         std::int64_t size) {
  float lanes[kWidth] = {};
  for (int lane = 0; lane < kWidth && i + lane < size; ++lane)
    lanes[lane] = element == Element::kFp32 ? reinterpret_cast<const float*>(row)[i + lane]
                                            : widen(reinterpret_cast<const std::uint16_t*>(row)[i + lane]);
  return load(lanes);
}
AACFT_INLINE Floats load(const std::byte* row, Element element, std::int64_t i, std::int64_t size) {
  if (i + kWidth > size) return load_end(row, element, i, size);
  return element == Element::kFp32 ? load(reinterpret_cast<const float*>(row) + i)
                                   : load_bf16(reinterpret_cast<const std::uint16_t*>(row) + i);
}
AACFT_INLINE Floats load(const float* row, std::int64_t i, std::int64_t size) {
  return load(reinterpret_cast<const std::byte*>(row), Element::kFp32, i, size);
}

__attribute__((unused, noinline)) static void store_end(std::byte* row, Element element, std::int64_t i,
                                                        std::int64_t size, Floats x) {
  float lanes[kWidth];
  store(lanes, x);
  for (int lane = 0; lane < kWidth && i + lane < size; ++lane) {
    if (element == Element::kFp32) {
      reinterpret_cast<float*>(row)[i + lane] = lanes[lane];
    } else {
      reinterpret_cast<std::uint16_t*>(row)[i + lane] = to_bf16(lanes[lane]);
    }
  }
}
AACFT_INLINE void store(std::byte* row, Element element, std::int64_t i, std::int64_t size, Floats x) {
  if (i + kWidth > size) {
    store_end(row, element, i, size, x);
  } else if (element == Element::kFp32) {
    store(reinterpret_cast<float*>(row) + i, x);
  } else {
    store_bf16(reinterpret_cast<std::uint16_t*>(row) + i, x);
  }
}
AACFT_INLINE void store(float* row, std::int64_t i, std::int64_t size, Floats x) {
  store(reinterpret_cast<std::byte*>(row), Element::kFp32, i, size, x);
}

// x, where vector i of a row of `size` values lies inside it; `outside` past the end.
AACFT_INLINE Floats within(std::int64_t i, std::int64_t size, Floats x, float outside = 0) {
  if (i + kWidth <= size) return x;
  Ints lane = {};
  for (int l = 0; l < kWidth; ++l) lane[l] = l;
  return lane < static_cast<std::int32_t>(size - i) ? x : splat(outside);
}

// Row i, without the functions of Matrix: those are everybody's.
AACFT_INLINE std::byte* row_of(const void* data, Element element, std::int64_t stride, std::int64_t i) {
  return const_cast<std::byte*>(static_cast<const std::byte*>(data)) + i * stride * (element == Element::kFp32 ? 4 : 2);
}
AACFT_INLINE const std::byte* row_of(const ConstMatrix& m, std::int64_t i) {
  return row_of(m.data, m.element, m.stride, i);
}
AACFT_INLINE std::byte* row_of(const Matrix& m, std::int64_t i) { return row_of(m.data, m.element, m.stride, i); }
AACFT_INLINE ConstMatrix head_of(const ConstHeads& heads, std::int64_t head) {
  ConstMatrix m = heads.first;
  m.data = row_of(m.data, m.element, heads.stride, head);
  return m;
}
AACFT_INLINE Matrix head_of(const Heads& heads, std::int64_t head) {
  Matrix m = heads.first;
  m.data = row_of(m.data, m.element, heads.stride, head);
  return m;
}

// A sum in four vectors that take turns: shorter chains, smaller errors.
struct Sum {
  Floats parts[4] = {};
};
AACFT_INLINE float total(const Sum& s) { return sum((s.parts[0] + s.parts[1]) + (s.parts[2] + s.parts[3])); }

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
