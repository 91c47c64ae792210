// Products in 8 bits by dot products of four bytes, in vectors of 512 bits.
//
// The instruction multiplies bytes without a sign by bytes with one. Weights take the first place, a constant added to
// each: a group's sum begins with minus that constant times the sum of its activations.
#include "kernels/vector/int8_rows.h"

namespace aacft::AACFT_TIER {
namespace {

// The register tile; with so many rows, their totals rest in the first-level cache. Few rows read more streams at once.
constexpr int kRows = 8;
constexpr int blocks_of(int height) { return height <= 2 ? 4 : 2; }

// ---- weights: a line as vectors of [16 outputs][4 inputs], kZero added ----

// Within each 128 bits, bytes [4][4] transposed.
AACFT_INLINE __m512i transpose_fours(__m512i x) {
  return _mm512_shuffle_epi8(x, _mm512_set4_epi32(0x0f0b0703, 0x0e0a0602, 0x0d090501, 0x0c080400));
}

template <WeightType kType>
struct Quads;

template <>
struct Quads<WeightType::kInt8> {
  static constexpr int kCount = 1;
  static constexpr std::int32_t kZero = 128;
  AACFT_INLINE void read(const std::byte* line, __m512i (&quads)[kCount]) {
    const __m512i place = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i sign = _mm512_set1_epi32(static_cast<std::int32_t>(0x80808080u));
    quads[0] = _mm512_xor_si512(transpose_fours(_mm512_permutexvar_epi32(place, _mm512_loadu_si512(line))), sign);
  }
};

template <>
struct Quads<WeightType::kNf4> {
  static constexpr int kCount = 2;
  static constexpr std::int32_t kZero = kNf4Zero;
  AACFT_INLINE void read(const std::byte* line, __m512i (&quads)[kCount]) {
    const __m512i codes = _mm512_broadcast_i32x4(_mm_load_si128(reinterpret_cast<const __m128i*>(kNf4Codes.code)));
    const __m512i low = _mm512_set1_epi32(0x0f0f0f0f), bytes = transpose_fours(_mm512_loadu_si512(line));
    quads[0] = _mm512_shuffle_epi8(codes, _mm512_and_si512(bytes, low));
    quads[1] = _mm512_shuffle_epi8(codes, _mm512_and_si512(_mm512_srli_epi16(bytes, 4), low));
  }
};

// ---- products ----

AACFT_INLINE __m512i splat_four(const std::int8_t* p) {
  std::int32_t four;
  std::memcpy(&four, p, sizeof four);
  return _mm512_set1_epi32(four);
}

template <WeightType kType, int kHeight, int kBlocks>
void multiply_tile(const Int8Rows& x, std::int64_t row, const WeightView& w, std::int64_t block, float* c) {
  using Line = Quads<kType>;
  using Weights = Streams<kType>;
  constexpr int kFours = kGroup / 4;
  // An instruction's sum is ready after five cycles: where there are few sums, each takes turns with others.
  constexpr int kTurns = kHeight * kBlocks <= 2 ? 4 : kHeight * kBlocks <= 4 ? 2 : 1;
  const Weights weights = Weights::of(w, block, kBlocks);
  const std::int8_t* values = x.values + row * x.stride;
  Floats totals[kHeight][kBlocks] = {};
  for (std::int64_t group = 0; group < x.groups; ++group, values += kGroup) {
    const std::int64_t ahead = Weights::ahead(weights, group), first = row * x.groups + group;
    __m512i sums[kTurns][kHeight][kBlocks] = {};
#pragma GCC unroll 16
    for (int r = 0; r < kHeight; ++r)
#pragma GCC unroll 4
      for (int b = 0; b < kBlocks; ++b) sums[0][r][b] = _mm512_set1_epi32(-Line::kZero * x.sums[first + r * x.groups]);
#pragma GCC unroll 8
    for (int four = 0; four < kFours; four += Line::kCount) {
#pragma GCC unroll 4
      for (int b = 0; b < kBlocks; ++b) {
        const std::byte* line = Weights::lines_of(weights, b, group) + four / Line::kCount * kLineBytes;
        __builtin_prefetch(line + ahead);
        __m512i quads[Line::kCount];
        Line::read(line, quads);
#pragma GCC unroll 2
        for (int q = 0; q < Line::kCount; ++q)
#pragma GCC unroll 16
          for (int r = 0; r < kHeight; ++r) {
            __m512i& sum = sums[(four + q) % kTurns][r][b];
            sum = _mm512_dpbusd_epi32(sum, quads[q], splat_four(values + r * x.stride + 4 * (four + q)));
          }
      }
    }
#pragma GCC unroll 4
    for (int b = 0; b < kBlocks; ++b) {
      const Floats scale = load_bf16(Weights::scales_of(weights, b, group));
#pragma GCC unroll 16
      for (int r = 0; r < kHeight; ++r) {
#pragma GCC unroll 4
        for (int turn = 1; turn < kTurns; ++turn) sums[0][r][b] = _mm512_add_epi32(sums[0][r][b], sums[turn][r][b]);
        totals[r][b] += _mm512_cvtepi32_ps(sums[0][r][b]) * (scale * splat(x.scales[first + r * x.groups]));
      }
    }
  }
#pragma GCC unroll 4
  for (int b = 0; b < kBlocks; ++b)
#pragma GCC unroll 16
    for (int r = 0; r < kHeight; ++r) store(c + (b * x.rows + row + r) * kBlockOutputs, totals[r][b]);
}

template <WeightType kType, int kHeight = kRows>
AACFT_INLINE void multiply_rows(std::int64_t rows, const Int8Rows& x, std::int64_t row, const WeightView& w,
                                std::int64_t block, std::int64_t blocks, float* c) {
  if (rows == kHeight) {
    constexpr int kBlocks = blocks_of(kHeight);
    std::int64_t b = 0;
    for (; b + kBlocks <= blocks; b += kBlocks)
      multiply_tile<kType, kHeight, kBlocks>(x, row, w, block + b, c + b * x.rows * kBlockOutputs);
    for (; b < blocks; ++b) multiply_tile<kType, kHeight, 1>(x, row, w, block + b, c + b * x.rows * kBlockOutputs);
  } else if constexpr (kHeight > 1) {
    multiply_rows<kType, kHeight - 1>(rows, x, row, w, block, blocks, c);
  }
}

template <WeightType kType>
void multiply_as(const Int8Rows& x, const WeightView& w, std::int64_t block, std::int64_t blocks, float* c) {
  const std::int64_t panels = (x.rows + kRows - 1) / kRows;
  for (std::int64_t i = 0; i < panels; ++i) {
    const std::int64_t row = x.rows * i / panels;
    multiply_rows<kType>(x.rows * (i + 1) / panels - row, x, row, w, block, blocks, c);
  }
}

void multiply(const Int8Rows& x, const WeightView& w, std::int64_t block, std::int64_t blocks, float* c) {
  (w.type == WeightType::kInt8 ? multiply_as<WeightType::kInt8> : multiply_as<WeightType::kNf4>)(x, w, block, blocks,
                                                                                                 c);
}

}  // namespace

extern const Int8Table int8_table = {round_row, multiply};

}  // namespace aacft::AACFT_TIER
