// The instructions of the upper tiers, for machines that lack them: a source file of src/kernels included after this
// one is compiled to AVX2. From SIMDe what it has; the rest is written out below, from Intel's pseudocode.
#pragma once

#define SIMDE_ENABLE_NATIVE_ALIASES
#define SIMDE_NO_INLINE  // unrolled loops full of emulated instructions would take a minute to compile
#include <simde/x86/avx512/add.h>
#include <simde/x86/avx512/and.h>
#include <simde/x86/avx512/broadcast.h>
#include <simde/x86/avx512/dpbf16.h>
#include <simde/x86/avx512/dpbusd.h>
#include <simde/x86/avx512/loadu.h>
#include <simde/x86/avx512/permutexvar.h>
#include <simde/x86/avx512/set1.h>
#include <simde/x86/avx512/set4.h>
#include <simde/x86/avx512/setr.h>
#include <simde/x86/avx512/shuffle.h>
#include <simde/x86/avx512/srli.h>
#include <simde/x86/avx512/unpackhi.h>
#include <simde/x86/avx512/unpacklo.h>
#include <simde/x86/avx512/xor.h>

#include <cstdint>
#include <cstring>

#define AACFT_EMULATED __attribute__((noinline, unused)) static

namespace aacft::emulated {

template <typename To, typename From>
inline To bits_of(const From& from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}

template <typename T, int kCount>
struct Lanes {
  T lane[kCount];
};

AACFT_EMULATED void stream(void* p, __m512i x) { std::memcpy(p, &x, sizeof x); }

AACFT_EMULATED __m512i widen(__m256i x) {
  const auto from = bits_of<Lanes<std::uint16_t, 16>>(x);
  Lanes<std::uint32_t, 16> to;
  for (int i = 0; i < 16; ++i) to.lane[i] = from.lane[i];
  return bits_of<__m512i>(to);
}

AACFT_EMULATED __m256i narrow(__m512i x) {
  const auto from = bits_of<Lanes<std::uint32_t, 16>>(x);
  Lanes<std::uint16_t, 16> to;
  for (int i = 0; i < 16; ++i) to.lane[i] = static_cast<std::uint16_t>(from.lane[i]);
  return bits_of<__m256i>(to);
}

AACFT_EMULATED __m512i sign_extend(__m128i x) {
  const auto from = bits_of<Lanes<std::int8_t, 16>>(x);
  Lanes<std::int32_t, 16> to;
  for (int i = 0; i < 16; ++i) to.lane[i] = from.lane[i];
  return bits_of<__m512i>(to);
}

AACFT_EMULATED __m512 to_floats(__m512i x) {
  const auto from = bits_of<Lanes<std::int32_t, 16>>(x);
  Lanes<float, 16> to;
  for (int i = 0; i < 16; ++i) to.lane[i] = static_cast<float>(from.lane[i]);
  return bits_of<__m512>(to);
}

AACFT_EMULATED __m512 from_fp16(__m256i x) {
  const auto from = bits_of<Lanes<std::uint16_t, 16>>(x);
  Lanes<float, 16> to;
  for (int i = 0; i < 16; ++i) to.lane[i] = _cvtsh_ss(from.lane[i]);
  return bits_of<__m512>(to);
}

AACFT_EMULATED __m512 shuffle_parts(__m512 a, __m512 b, int control) {
  struct Part {
    float lane[4];
  };
  typedef Lanes<Part, 4> Parts;
  const auto x = bits_of<Parts>(a), y = bits_of<Parts>(b);
  return bits_of<__m512>(
      Parts{x.lane[control & 3], x.lane[control >> 2 & 3], y.lane[control >> 4 & 3], y.lane[control >> 6 & 3]});
}

AACFT_EMULATED void store_present(void* p, __mmask16 present, __m512 x) {
  const auto from = bits_of<Lanes<float, 16>>(x);
  for (int i = 0; i < 16; ++i)
    if ((present >> i & 1) != 0) std::memcpy(static_cast<char*>(p) + 4 * i, &from.lane[i], 4);
}

// To the nearest even; denormal numbers become zero.
AACFT_EMULATED std::uint16_t to_bf16(std::uint32_t x) {
  const std::uint32_t magnitude = x & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return static_cast<std::uint16_t>(x >> 16 | 0x40u);
  if (magnitude < 0x00800000u) return static_cast<std::uint16_t>(x >> 16 & 0x8000u);
  return static_cast<std::uint16_t>((x + 0x7fffu + (x >> 16 & 1u)) >> 16);
}

AACFT_EMULATED __m512bh to_bf16(__m512 upper, __m512 lower) {
  const auto low = bits_of<Lanes<std::uint32_t, 16>>(lower), high = bits_of<Lanes<std::uint32_t, 16>>(upper);
  Lanes<std::uint16_t, 32> to;
  for (int i = 0; i < 16; ++i) {
    to.lane[i] = to_bf16(low.lane[i]);
    to.lane[16 + i] = to_bf16(high.lane[i]);
  }
  return bits_of<__m512bh>(to);
}

}  // namespace aacft::emulated

#undef _mm512_maskz_cvtepu16_epi32
#undef _mm512_maskz_cvtepi32_epi16
#undef _mm512_cvtepi8_epi32
#undef _mm512_cvtepi32_ps
#undef _mm512_cvtph_ps
#undef _mm512_shuffle_f32x4
#undef _mm512_mask_storeu_ps
#undef _mm512_cvtne2ps_pbh
#undef _mm512_stream_si512
#define _mm512_maskz_cvtepu16_epi32(mask, x) aacft::emulated::widen(x)  // with every lane present
#define _mm512_maskz_cvtepi32_epi16(mask, x) aacft::emulated::narrow(x)
#define _mm512_cvtepi8_epi32(x) aacft::emulated::sign_extend(x)
#define _mm512_cvtepi32_ps(x) aacft::emulated::to_floats(x)
#define _mm512_cvtph_ps(x) aacft::emulated::from_fp16(x)
#define _mm512_shuffle_f32x4(a, b, control) aacft::emulated::shuffle_parts(a, b, control)
#define _mm512_mask_storeu_ps(p, present, x) aacft::emulated::store_present(p, present, x)
#define _mm512_stream_si512(p, x) aacft::emulated::stream(p, x)
#define _mm512_cvtne2ps_pbh(upper, lower) aacft::emulated::to_bf16(upper, lower)

// For simd.h: compile what is written for AVX-512.
#define __AVX512F__ 1
