// Products in 8 bits without instructions of their own: a group of a block's weights is brought into the order that
// suits the multiplication, and stays near while all rows are multiplied with it.
#include "kernels/vector/int8_rows.h"

namespace aacft::AACFT_TIER {
namespace {

// Rows at a time: their activations of a group and their sums stay near, too.
constexpr std::int64_t kPanelRows = 64;
constexpr std::int64_t kStreams = 2;

AACFT_INLINE std::int32_t load_four(const std::int8_t* p) {
  std::int32_t four;
  std::memcpy(&four, p, sizeof four);
  return four;
}

#if defined(__AVX2__)

// ---- 256 bits: [32 inputs / 4][2][8 outputs][4 inputs] ----

struct Group {
  __m256i quads[kGroup / 4][2];
};

AACFT_INLINE __m256i load_bytes(const std::byte* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
AACFT_INLINE __m256i twice(std::int64_t high, std::int64_t low) { return _mm256_set_epi64x(high, low, high, low); }

// int8: outputs 0 .. 3 and 8 .. 11 first, then the others. NF4: kNf4Zero added.
template <WeightType kType>
AACFT_INLINE void order(const std::byte* line, std::int64_t ahead, Group& group) {
  constexpr int kInputs = static_cast<int>(inputs_of_line(kType));
#pragma GCC unroll 8
  for (int input = 0; input < kGroup; input += kInputs, line += kLineBytes) {
    __m256i(&quads)[2] = group.quads[input / 4];
    __builtin_prefetch(line + ahead);
    if constexpr (kType == WeightType::kInt8) {
      // Two inputs: outputs 0 .. 7 to one half, 8 .. 15 to the other, and each output's bytes side by side.
      const __m256i zip = twice(0x0f070e060d050c04, 0x0b030a0209010800);
      const __m256i first = _mm256_shuffle_epi8(_mm256_permute4x64_epi64(load_bytes(line), 0xd8), zip);
      const __m256i last = _mm256_shuffle_epi8(_mm256_permute4x64_epi64(load_bytes(line + 32), 0xd8), zip);
      quads[0] = _mm256_unpacklo_epi16(first, last);
      quads[1] = _mm256_unpackhi_epi16(first, last);
    } else {
      const __m256i transposed = twice(0x0f0b07030e0a0602, 0x0d0905010c080400), low = _mm256_set1_epi8(15);
      const __m256i codes =
          _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(kNf4Codes.code)));
#pragma GCC unroll 2
      for (int v = 0; v < 2; ++v) {
        const __m256i bytes = _mm256_shuffle_epi8(load_bytes(line + 32 * v), transposed);
        quads[v] = _mm256_shuffle_epi8(codes, _mm256_and_si256(bytes, low));
        group.quads[input / 4 + 1][v] = _mm256_shuffle_epi8(codes, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), low));
      }
    }
  }
}

// Two neighbouring products each: they fit in 16 bits, 2 * 128 * 127 at most. The instruction wants weights without
// a sign; int8's goes over to the activations.
template <WeightType kType>
AACFT_INLINE __m256i multiply_pairs(__m256i weights, __m256i x) {
  if constexpr (kType == WeightType::kNf4) return _mm256_maddubs_epi16(weights, x);
  return _mm256_maddubs_epi16(_mm256_abs_epi8(weights), _mm256_sign_epi8(x, weights));
}

// The sums of 16 outputs, for x's 32 values whose sum is x_sum.
template <WeightType kType>
AACFT_INLINE void multiply_group(const std::int8_t* x, std::int32_t x_sum, const Group& group, __m256i (&sums)[2]) {
  const __m256i ones = _mm256_set1_epi16(1);
  const __m256i start = _mm256_set1_epi32(kType == WeightType::kNf4 ? -kNf4Zero * x_sum : 0);
  __m256i parts[2] = {start, start};
#pragma GCC unroll 8
  for (int four = 0; four < kGroup / 4; ++four) {
    const __m256i values = _mm256_set1_epi32(load_four(x + 4 * four));
#pragma GCC unroll 2
    for (int v = 0; v < 2; ++v)
      parts[v] =
          _mm256_add_epi32(parts[v], _mm256_madd_epi16(multiply_pairs<kType>(group.quads[four][v], values), ones));
  }
  const bool in_order = kType == WeightType::kNf4;
  sums[0] = in_order ? parts[0] : _mm256_permute2x128_si256(parts[0], parts[1], 0x20);
  sums[1] = in_order ? parts[1] : _mm256_permute2x128_si256(parts[0], parts[1], 0x31);
}

AACFT_INLINE void add_scaled(const __m256i (&sums)[2], const std::uint16_t* scales, float x_scale, bool first,
                             float* c) {
#pragma GCC unroll 2
  for (int half = 0; half < 2; ++half, c += 8) {
    const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(scales + 8 * half));
    const __m256 scale = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
    _mm256_storeu_ps(c, _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums[half]), _mm256_mul_ps(scale, _mm256_set1_ps(x_scale)),
                                        first ? _mm256_setzero_ps() : _mm256_loadu_ps(c)));
  }
}

using Sums = __m256i[2];

#else

// ---- plain: [32 inputs / 2][16 outputs][2 inputs] of 16 bits ----

typedef std::int16_t Shorts __attribute__((vector_size(16)));

struct Group {
  std::int16_t pairs[kGroup / 2][kBlockOutputs][2];
};

template <WeightType kType>
AACFT_INLINE void order(const std::byte* line, std::int64_t ahead, Group& group) {
  constexpr int kInputs = static_cast<int>(inputs_of_line(kType)), kOutputs = static_cast<int>(kBlockOutputs);
  for (int input = 0; input < kGroup; input += kInputs, line += kLineBytes) {
    __builtin_prefetch(line + ahead);
    for (int i = 0; i < 4; ++i) {
      for (int o = 0; o < kOutputs; ++o) {
        const int place = (input + i) / 2;
        if constexpr (kType == WeightType::kInt8) {
          group.pairs[place][o][i % 2] = static_cast<std::int8_t>(line[i * kOutputs + o]);
        } else {
          const auto byte = static_cast<unsigned>(line[o / 4 * 16 + i * 4 + o % 4]);
          group.pairs[place][o][i % 2] = static_cast<std::int16_t>(kNf4Codes.code[byte & 15u] - kNf4Zero);
          group.pairs[place + 2][o][i % 2] = static_cast<std::int16_t>(kNf4Codes.code[byte >> 4] - kNf4Zero);
        }
      }
    }
  }
}

// Sums of two neighbouring products each.
AACFT_INLINE Ints multiply_pairs(Shorts a, Shorts b) {
#if defined(__SSE2__)
  return reinterpret_cast<Ints>(_mm_madd_epi16(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#else
  Ints sums;
  for (int i = 0; i < 4; ++i) sums[i] = a[2 * i] * b[2 * i] + a[2 * i + 1] * b[2 * i + 1];
  return sums;
#endif
}

using Sums = Ints[4];

template <WeightType kType>
AACFT_INLINE void multiply_group(const std::int8_t* x, std::int32_t, const Group& group, Sums& sums) {
  for (Ints& sum : sums) sum = Ints{};
  for (int i = 0; i < kGroup; i += 2) {
    const std::int16_t even = x[i], odd = x[i + 1];
    const Shorts values = {even, odd, even, odd, even, odd, even, odd};
    for (int v = 0; v < 4; ++v) {
      Shorts weights;
      std::memcpy(&weights, group.pairs[i / 2][4 * v], sizeof weights);
      sums[v] += multiply_pairs(weights, values);
    }
  }
}

AACFT_INLINE void add_scaled(const Sums& sums, const std::uint16_t* scales, float x_scale, bool first, float* c) {
  for (int v = 0; v < 4; ++v, c += 4)
    store(c, (first ? Floats{} : load(c)) +
                 __builtin_convertvector(sums[v], Floats) * (load_bf16(scales + 4 * v) * splat(x_scale)));
}

#endif

template <WeightType kType>
void multiply_panel(const Int8Rows& x, std::int64_t row, std::int64_t rows, const WeightView& w, std::int64_t block,
                    std::int64_t blocks, float* c) {
  using Weights = Streams<kType>;
  const Weights weights = Weights::of(w, block, blocks);
  for (std::int64_t group = 0; group < x.groups; ++group) {
    const std::int64_t ahead = Weights::ahead(weights, group);
    for (std::int64_t b = 0; b < blocks; ++b) {
      Group ordered;
      order<kType>(Weights::lines_of(weights, b, group), ahead, ordered);
      const std::uint16_t* scales = Weights::scales_of(weights, b, group);
      for (std::int64_t r = row; r < row + rows; ++r) {
        const std::int64_t at = r * x.groups + group;
        Sums sums;
        multiply_group<kType>(x.values + r * x.stride + group * kGroup, x.sums[at], ordered, sums);
        add_scaled(sums, scales, x.scales[at], group == 0, c + (b * x.rows + r) * kBlockOutputs);
      }
    }
  }
}

template <WeightType kType>
void multiply_as(const Int8Rows& x, const WeightView& w, std::int64_t block, std::int64_t blocks, float* c) {
  for (std::int64_t b = 0; b < blocks; b += kStreams)
    for (std::int64_t row = 0; row < x.rows; row += kPanelRows)
      multiply_panel<kType>(x, row, row + kPanelRows < x.rows ? kPanelRows : x.rows - row, w, block + b,
                            b + kStreams < blocks ? kStreams : blocks - b, c + b * x.rows * kBlockOutputs);
}

void multiply(const Int8Rows& x, const WeightView& w, std::int64_t block, std::int64_t blocks, float* c) {
  (w.type == WeightType::kInt8 ? multiply_as<WeightType::kInt8> : multiply_as<WeightType::kNf4>)(x, w, block, blocks,
                                                                                                 c);
}

}  // namespace

extern const Int8Table int8_table;
const Int8Table int8_table = {round_row, multiply};

}  // namespace aacft::AACFT_TIER
