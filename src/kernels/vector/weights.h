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

AACFT_INLINE Uints load_words(const std::byte* p) {
  Uints x;
  std::memcpy(&x, p, sizeof x);
  return x;
}

AACFT_INLINE Floats nf4_level(Uints code) {  // in the lowest 4 bits; the others may be anything
#if defined(__AVX512F__)
  return __builtin_shuffle(load(kNf4Levels), reinterpret_cast<Ints>(code));
#elif defined(__AVX2__)
  const __m256i index = reinterpret_cast<__m256i>(code);
  const Floats low = _mm256_permutevar8x32_ps(_mm256_loadu_ps(kNf4Levels), index);
  const Floats high = _mm256_permutevar8x32_ps(_mm256_loadu_ps(kNf4Levels + 8), index);
  return _mm256_blendv_ps(low, high, reinterpret_cast<__m256>(code << 28));
#else
  Floats level;
  for (int i = 0; i < kWidth; ++i) level[i] = kNf4Levels[code[i] & 15u];
  return level;
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
  AACFT_INLINE Floats input(const Line& line, int i, Floats scale) {
    typedef std::int8_t Bytes __attribute__((vector_size(kWidth)));
    Bytes bytes;
    std::memcpy(&bytes, line.first + i * 16, sizeof bytes);
    return __builtin_convertvector(bytes, Floats) * scale;
  }
};

template <>
struct Line<WeightType::kNf4> {
  Uints codes;
  AACFT_INLINE Line read(const std::byte* line, std::int64_t output) { return {load_words(line + output * 4)}; }
  AACFT_INLINE Floats input(const Line& line, int i, Floats scale) { return nf4_level(line.codes >> (4 * i)) * scale; }
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
