// Weights, activations and results for the tiers whose instructions multiply pairs of bf16.
//
// A line is two neighbouring steps of the contraction for 16 columns, [16][2], in 64 bytes: the form in which bf16
// weights rest. A column panel is [steps / 2][kBlocks] such lines.
#pragma once

#include "kernels/vector/weights.h"

namespace aacft::AACFT_TIER {
namespace {

AACFT_INLINE void store_line(std::byte* p, Uints line) { std::memcpy(p, &line, sizeof line); }

// Columns of one step, then of the next, as a line.
AACFT_INLINE Uints make_line(Floats step, Floats next) {
  typedef std::uint16_t Words __attribute__((vector_size(64)));
  const Words words = reinterpret_cast<Words>(_mm512_cvtne2ps_pbh(next, step));
  return reinterpret_cast<Uints>(__builtin_shufflevector(words, words, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22,
                                                         7, 23, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30,
                                                         15, 31));
}

// ---- weights ----

// Inputs that one or more whole lines of packed weights hold in pairs.
template <WeightType kType>
constexpr int kPairedInputs = inputs_of_line(kType) == 1 ? 2 : inputs_of_line(kType);
template <WeightType kType>
constexpr std::int64_t kPairedBytes = kPairedInputs<kType> / inputs_of_line(kType) * kLineBytes;

// The scales of a block's 16 outputs in the lanes where weight_pairs() wants them.
template <WeightType kType>
struct PairScales {
  Floats scale;
  AACFT_INLINE PairScales read(const WeightView& w, std::int64_t block, std::int64_t k) {
    return {scales<kType>(w, block, 0, k)};
  }
};
template <>
struct PairScales<WeightType::kNf4> {
  Floats first, second;
  AACFT_INLINE PairScales read(const WeightView& w, std::int64_t block, std::int64_t k) {
    const Floats scale = scales<WeightType::kNf4>(w, block, 0, k);
    return {_mm512_shuffle_ps(scale, scale, 0x50), _mm512_shuffle_ps(scale, scale, 0xfa)};
  }
};

// Inputs i and i + 1 of 16 outputs, i even; the outputs in an order that in_order() undoes.
template <WeightType kType>
AACFT_INLINE Uints weight_pairs(const std::byte* line, int i, const PairScales<kType>& scale) {
  if constexpr (kType == WeightType::kBf16) {
    return load_words(line);
  } else if constexpr (kType == WeightType::kFp32) {
    return make_line(load(reinterpret_cast<const float*>(line)),
                     load(reinterpret_cast<const float*>(line + kLineBytes)));
  } else if constexpr (kType == WeightType::kNf4) {
    // A quarter of a line holds four outputs. Both inputs of its first two to one vector and of its last two to
    // another: rounding them to one vector makes pairs without a further step. The lowest four bits of a lane choose
    // its level.
    const __m512i bytes = reinterpret_cast<__m512i>(i < 4 ? load_words(line) : load_words(line) >> 4);
    const __m512i input = _mm512_set1_epi32(i % 4 * 4);
    const __m512i first = _mm512_shuffle_epi8(bytes, _mm512_add_epi32(input, _mm512_set4_epi32(5, 1, 4, 0)));
    const __m512i second = _mm512_shuffle_epi8(bytes, _mm512_add_epi32(input, _mm512_set4_epi32(7, 3, 6, 2)));
    const __m512 levels = load(kNf4Levels);
    return reinterpret_cast<Uints>(_mm512_cvtne2ps_pbh(_mm512_permutexvar_ps(second, levels) * scale.second,
                                                       _mm512_permutexvar_ps(first, levels) * scale.first));
  } else {
    const auto values = Line<kType>::read(line, 0);
    return make_line(weight<kType, false>(values, i, scale.scale), weight<kType, false>(values, i + 1, scale.scale));
  }
}

// Lanes of pairs, or of sums of their products, in the order of the outputs.
template <WeightType kType, typename Lanes>
AACFT_INLINE Lanes in_order(Lanes lanes) {
  if constexpr (kType != WeightType::kNf4) return lanes;
  return __builtin_shufflevector(lanes, lanes, 0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15);
}

template <WeightType kType, int kBlocks>
void expand_as(const WeightView& w, std::int64_t n, std::int64_t k, std::int64_t depth, std::byte* panel) {
  constexpr int kInputs = kPairedInputs<kType>;
  constexpr std::int64_t kStride = kBlocks * kLineBytes;
  const std::int64_t group = scale_group(kType) > 0 && scale_group(kType) < depth ? scale_group(kType) : depth;
  for (int b = 0; b < kBlocks; ++b) {
    const std::int64_t block = n / kBlockOutputs + b;
    std::byte* to = panel + b * kLineBytes;
    if (block * kBlockOutputs >= w.out) {
      for (std::int64_t step = 0; step < depth; step += 2, to += kStride) store_line(to, Uints{});
      continue;
    }
    const std::byte* line = line_of<kType>(w, block, k);
    for (std::int64_t first = 0; first < depth; first += group) {
      const auto scale = PairScales<kType>::read(w, block, k + first);
      for (std::int64_t step = 0; step < group; step += kInputs, line += kPairedBytes<kType>) {
#pragma GCC unroll 4
        for (int i = 0; i < kInputs; i += 2, to += kStride)
          store_line(to, in_order<kType>(weight_pairs<kType>(line, i, scale)));
      }
    }
  }
}

// Four lines' parts of 128 bits: x[i][j] <-> x[j][i].
AACFT_INLINE void transpose_parts(__m512i (&x)[4]) {
  const __m512i a = _mm512_shuffle_i32x4(x[0], x[1], 0x44), b = _mm512_shuffle_i32x4(x[0], x[1], 0xee);
  const __m512i c = _mm512_shuffle_i32x4(x[2], x[3], 0x44), d = _mm512_shuffle_i32x4(x[2], x[3], 0xee);
  x[0] = _mm512_shuffle_i32x4(a, c, 0x88);
  x[1] = _mm512_shuffle_i32x4(a, c, 0xdd);
  x[2] = _mm512_shuffle_i32x4(b, d, 0x88);
  x[3] = _mm512_shuffle_i32x4(b, d, 0xdd);
}

// Line i: inputs 2 i and 2 i + 1 of 16 outputs; becomes outputs 2 i and 2 i + 1 of 16 inputs.
AACFT_INLINE void exchange(Uints (&lines)[8]) {
  __m512i even[4], odd[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    even[i] = reinterpret_cast<__m512i>(lines[2 * i]);
    odd[i] = reinterpret_cast<__m512i>(lines[2 * i + 1]);
  }
  transpose_parts(even);
  transpose_parts(odd);
  // Part j of even[i] and odd[i]: outputs 4 i .. 4 i + 3 of the inputs 4 j, 4 j + 1 and 4 j + 2, 4 j + 3.
  const __m512i order = _mm512_set4_epi32(0x0f0e0b0a, 0x0d0c0908, 0x07060302, 0x05040100);
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    lines[2 * i] = reinterpret_cast<Uints>(_mm512_shuffle_epi8(_mm512_unpacklo_epi64(even[i], odd[i]), order));
    lines[2 * i + 1] = reinterpret_cast<Uints>(_mm512_shuffle_epi8(_mm512_unpackhi_epi64(even[i], odd[i]), order));
  }
}

template <WeightType kType, int kBlocks>
void expand_transposed_as(const WeightView& w, std::int64_t n, std::int64_t k, std::int64_t depth, std::byte* panel) {
  constexpr int kInputs = kPairedInputs<kType>;
  for (std::int64_t step = 0; step < depth; step += kBlockOutputs) {
    for (int b = 0; b < kBlocks; ++b) {
      const std::int64_t block = (k + step) / kBlockOutputs, input = n + b * 16;
      Uints lines[8] = {};
      if (k + step < w.out && input < w.in) {
        const auto scale = PairScales<kType>::read(w, block, input);
        const std::byte* from = line_of<kType>(w, block, input);
#pragma GCC unroll 8
        for (int i = 0; i < 8; ++i)
          lines[i] = in_order<kType>(
              weight_pairs<kType>(from + 2 * i / kInputs * kPairedBytes<kType>, 2 * i % kInputs, scale));
        exchange(lines);
      }
#pragma GCC unroll 8
      for (int i = 0; i < 8; ++i) store_line(panel + ((step / 2 + i) * kBlocks + b) * kLineBytes, lines[i]);
    }
  }
}

template <int kBlocks>
void expand(const WeightView& w, std::int64_t n, std::int64_t k, std::int64_t depth, std::byte* panel) {
  switch (w.type) {
    case WeightType::kFp32: return expand_as<WeightType::kFp32, kBlocks>(w, n, k, depth, panel);
    case WeightType::kFp16: return expand_as<WeightType::kFp16, kBlocks>(w, n, k, depth, panel);
    case WeightType::kBf16: return expand_as<WeightType::kBf16, kBlocks>(w, n, k, depth, panel);
    case WeightType::kInt8: return expand_as<WeightType::kInt8, kBlocks>(w, n, k, depth, panel);
    case WeightType::kNf4: return expand_as<WeightType::kNf4, kBlocks>(w, n, k, depth, panel);
  }
}

template <int kBlocks>
void expand_transposed(const WeightView& w, std::int64_t n, std::int64_t k, std::int64_t depth, std::byte* panel) {
  switch (w.type) {
    case WeightType::kFp32: return expand_transposed_as<WeightType::kFp32, kBlocks>(w, n, k, depth, panel);
    case WeightType::kFp16: return expand_transposed_as<WeightType::kFp16, kBlocks>(w, n, k, depth, panel);
    case WeightType::kBf16: return expand_transposed_as<WeightType::kBf16, kBlocks>(w, n, k, depth, panel);
    case WeightType::kInt8: return expand_transposed_as<WeightType::kInt8, kBlocks>(w, n, k, depth, panel);
    case WeightType::kNf4: return expand_transposed_as<WeightType::kNf4, kBlocks>(w, n, k, depth, panel);
  }
}

// ---- activations and results ----

// Steps k .. k + 31 of a row as 16 pairs; zeros past its end.
AACFT_INLINE Uints row_pairs(const std::byte* row, Element element, std::int64_t k, std::int64_t size) {
  if (element == Element::kBf16 && k + 2 * kWidth <= size) return load_words(row + k * 2);
  return reinterpret_cast<Uints>(
      _mm512_cvtne2ps_pbh(load(row, element, k + kWidth, size), load(row, element, k, size)));
}

void finish(const float* c, std::int64_t c_stride, const Matrix& y, const Epilogue& epilogue) {
  for (std::int64_t r = 0; r < y.rows; ++r, c += c_stride) {
    std::byte* row = row_of(y, r);
    for (std::int64_t n = 0; n < y.cols; n += kWidth) {
      Floats value = load(c + n);
      if (epilogue.bias != nullptr) value += load(epilogue.bias, n, y.cols);
      if (epilogue.add) value += load(row, y.element, n, y.cols);
      store(row, y.element, n, y.cols, value);
    }
  }
}

}  // namespace
}  // namespace aacft::AACFT_TIER
