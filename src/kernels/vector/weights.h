// Packed weights as vectors of fp32.
#pragma once

#include "kernels/matmul_tier.h"
#include "kernels/vector/simd.h"

namespace aacft::AACFT_TIER {
namespace {

AACFT_INLINE Floats load_fp16(const std::byte* p) {
#if defined(__AVX512F__)
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
#elif defined(__AVX2__)
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
#else
  const Uints x = __builtin_convertvector(*reinterpret_cast<const LooseHalves*>(p), Uints);
  const Uints sign = (x & 0x8000u) << 16, magnitude = (x & 0x7fffu) << 13;
  const Uints number = reinterpret_cast<Uints>(reinterpret_cast<Floats>(magnitude) * 0x1p112f);
  return reinterpret_cast<Floats>(sign | (magnitude >= 0x0f800000u ? magnitude | 0x7f800000u : number));
#endif
}

#if defined(__AVX2__) && !defined(__AVX512F__)
// Byte k of each level.
struct Nf4Bytes {
  alignas(16) std::uint8_t byte[4][16];
};
constexpr Nf4Bytes make_nf4_bytes() {
  Nf4Bytes bytes{};
  for (int k = 0; k < 4; ++k)
    for (int i = 0; i < 16; ++i)
      bytes.byte[k][i] = static_cast<std::uint8_t>(__builtin_bit_cast(std::uint32_t, kNf4Levels[i]) >> (8 * k));
  return bytes;
}
constexpr Nf4Bytes kNf4Bytes = make_nf4_bytes();
#endif

AACFT_INLINE Uints load_words(const std::byte* p) {
  Uints x;
  std::memcpy(&x, p, sizeof x);
  return x;
}

AACFT_INLINE Floats load_int8(const std::byte* p) {
#if defined(__AVX512F__)
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
#elif defined(__AVX2__)
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadu_si64(p)));
#else
  Floats x;
  for (int i = 0; i < kWidth; ++i) x[i] = static_cast<float>(reinterpret_cast<const std::int8_t*>(p)[i]);
  return x;
#endif
}

// The levels of input i, from the kWidth * 4 bytes of a line that hold kWidth outputs.
AACFT_INLINE Floats nf4_levels(Uints bytes, int i) {
#if defined(__AVX512F__)
  // The input's byte to each output's lane, whose lowest four bits then choose.
  const __m512i place = _mm512_add_epi32(_mm512_set1_epi32(i % 4 * 4), _mm512_set4_epi32(3, 2, 1, 0));
  const __m512i codes = _mm512_shuffle_epi8(reinterpret_cast<__m512i>(i < 4 ? bytes : bytes >> 4), place);
  return __builtin_shuffle(load(kNf4Levels), reinterpret_cast<Ints>(codes));
#elif defined(__AVX2__)
  // All four inputs of the nibble at once (the compiler shares that): each byte of the float by a table of its own.
  const __m256i codes = reinterpret_cast<__m256i>((i < 4 ? bytes : bytes >> 4) & 0x0f0f0f0fu);
  __m256i part[4];
#pragma GCC unroll 4
  for (int k = 0; k < 4; ++k)
    part[k] = _mm256_shuffle_epi8(
        _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(kNf4Bytes.byte[k]))), codes);
  const __m256i low = i % 4 < 2 ? _mm256_unpacklo_epi8(part[0], part[1]) : _mm256_unpackhi_epi8(part[0], part[1]);
  const __m256i high = i % 4 < 2 ? _mm256_unpacklo_epi8(part[2], part[3]) : _mm256_unpackhi_epi8(part[2], part[3]);
  return reinterpret_cast<Floats>(i % 2 == 0 ? _mm256_unpacklo_epi16(low, high) : _mm256_unpackhi_epi16(low, high));
#else
  Floats levels;
  for (int o = 0; o < kWidth; ++o) levels[o] = kNf4Levels[bytes[i % 4] >> (8 * o + i / 4 * 4) & 15u];
  return levels;
#endif
}

// kWidth outputs, from `output` on, of the inputs of one line.
template <WeightType kType>
struct Line;

template <>
struct Line<WeightType::kFp32> {
  Floats value;
  AACFT_INLINE Line read(const std::byte* line, std::int64_t output) {
    return {load(reinterpret_cast<const float*>(line) + output)};
  }
  AACFT_INLINE Floats input(const Line& line, int, Floats) { return line.value; }
};

template <>
struct Line<WeightType::kBf16> {
  Uints pairs;
  AACFT_INLINE Line read(const std::byte* line, std::int64_t output) { return {load_words(line + output * 4)}; }
  AACFT_INLINE Floats input(const Line& line, int i, Floats) {
    return reinterpret_cast<Floats>(i == 0 ? line.pairs << 16 : line.pairs & 0xffff0000u);
  }
};

template <>
struct Line<WeightType::kFp16> {
  const std::byte* first;
  AACFT_INLINE Line read(const std::byte* line, std::int64_t output) { return {line + output * 2}; }
  AACFT_INLINE Floats input(const Line& line, int i, Floats) { return load_fp16(line.first + i * 32); }
};

template <>
struct Line<WeightType::kInt8> {
  const std::byte* first;
  AACFT_INLINE Line read(const std::byte* line, std::int64_t output) { return {line + output}; }
  AACFT_INLINE Floats input(const Line& line, int i, Floats scale) { return load_int8(line.first + i * 16) * scale; }
};

template <>
struct Line<WeightType::kNf4> {
  Uints bytes;
  AACFT_INLINE Line read(const std::byte* line, std::int64_t output) { return {load_words(line + output * 4)}; }
  AACFT_INLINE Floats input(const Line& line, int i, Floats scale) { return nf4_levels(line.bytes, i) * scale; }
};

template <WeightType kType, bool kRound>
AACFT_INLINE Floats weight(const Line<kType>& line, int i, Floats scale) {
  const Floats value = Line<kType>::input(line, i, scale);
  return kRound && kType != WeightType::kBf16 ? round_to_bf16(value) : value;
}

// The scales of kWidth outputs, from `output` of a block on, for the group of input k; 0 where there are none.
template <WeightType kType>
AACFT_INLINE Floats scales(const WeightView& w, std::int64_t block, std::int64_t output, std::int64_t k) {
  if constexpr (scale_group(kType) == 0) {
    return Floats{};
  } else {
    return load_bf16(w.scales + (block * w.in + k) / scale_group(kType) * kBlockOutputs + output);
  }
}

template <WeightType kType>
AACFT_INLINE const std::byte* line_of(const WeightView& w, std::int64_t block, std::int64_t k) {
  return w.values + (block * w.in + k) / inputs_of_line(kType) * kLineBytes;
}

}  // namespace
}  // namespace aacft::AACFT_TIER
