// Matrix products by dot products of pairs of bf16, in vectors of 512 bits.
#include "kernels/avx512bf16/pairs.h"
#include "kernels/vector/transpose.h"

namespace aacft::AACFT_TIER {
namespace {

// The register tile: kRows x 2 vectors of sums, two of weights, an activation. The panel takes 16 KB.
constexpr int kRows = 14, kBlocks = 2, kColumns = kBlocks * 16;
// Without a panel: enough sums to hide the latency of their chains, and as many rows as can share a conversion.
constexpr int kDirectRows = 8;
constexpr int direct_blocks(int height) { return height <= 4 ? 4 : 2; }
constexpr std::int64_t kDepth = 256;

AACFT_INLINE std::int64_t rows_of_panel(const RowPanels& a, std::int64_t i) { return a.row(i + 1) - a.row(i); }

// x . y of each pair, added to sums.
AACFT_INLINE Floats add_products(Floats sums, Uints x, Uints y) {
  return _mm512_dpbf16_ps(sums, reinterpret_cast<__m512bh>(x), reinterpret_cast<__m512bh>(y));
}

AACFT_INLINE Uints splat_pair(const std::byte* p) {
  std::int32_t pair;
  std::memcpy(&pair, p, sizeof pair);
  return reinterpret_cast<Uints>(splat(pair));
}

// ---- activations: [depth / 2][rows] pairs ----

void pack(const ConstMatrix& x, std::int64_t k, std::int64_t depth, std::byte* packed) {
  const std::byte* rows[kWidth];
  for (std::int64_t r = 0; r < x.rows; ++r) rows[r] = row_of(x, r);
  const __mmask16 present = static_cast<__mmask16>((1u << x.rows) - 1);
  for (std::int64_t step = 0; step < depth; step += 2 * kWidth) {
    Floats pairs[kWidth];
#pragma GCC unroll 16
    for (int r = 0; r < kWidth; ++r)
      pairs[r] = r < x.rows ? reinterpret_cast<Floats>(row_pairs(rows[r], x.element, k + step, x.cols)) : Floats{};
    transpose(pairs);
#pragma GCC unroll 16
    for (int i = 0; i < kWidth; ++i) _mm512_mask_storeu_ps(packed + (step / 2 + i) * x.rows * 4, present, pairs[i]);
  }
}

// ---- products ----

template <int kHeight>
void multiply_panel(const std::byte* a, const std::byte* b, std::int64_t depth, float* c, bool first,
                    const std::byte* const* lines, std::int64_t line_count) {
  Floats sums[kHeight][kBlocks] = {};
  for (std::int64_t pair = 0; pair < depth / 2; ++pair, a += kHeight * 4, b += kBlocks * kLineBytes) {
    if (pair < line_count) __builtin_prefetch(lines[pair]);
    const Uints left = load_words(b), right = load_words(b + kLineBytes);
#pragma GCC unroll 14
    for (int r = 0; r < kHeight; ++r) {
      const Uints x = splat_pair(a + r * 4);
      sums[r][0] = add_products(sums[r][0], x, left);
      sums[r][1] = add_products(sums[r][1], x, right);
    }
  }
#pragma GCC unroll 14
  for (int r = 0; r < kHeight; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < kBlocks; ++v) {
      float* to = c + r * kColumns + v * kWidth;
      store(to, first ? sums[r][v] : load(to) + sums[r][v]);
    }
}

template <int kHeight = kRows>
AACFT_INLINE void multiply_rows(std::int64_t rows, const std::byte* a, const std::byte* b, std::int64_t depth, float* c,
                                bool first, const std::byte* const* lines, std::int64_t line_count) {
  if (rows == kHeight) return multiply_panel<kHeight>(a, b, depth, c, first, lines, line_count);
  if constexpr (kHeight > 1) multiply_rows<kHeight - 1>(rows, a, b, depth, c, first, lines, line_count);
}

void multiply(const BlockProduct& p, const WeightPanel&, const std::byte* panel, const Ahead& ahead) {
  for (std::int64_t i = 0; i < p.a.count; ++i) {
    const std::int64_t from = ahead.line_count * i / p.a.count, to = ahead.line_count * (i + 1) / p.a.count;
    multiply_rows(rows_of_panel(p.a, i), p.a.packed + i * p.a.bytes, panel, p.depth, p.c + i * kRows * kColumns,
                  p.first, ahead.lines + from, to - from);
  }
}

// How far ahead of its use a line is prefetched.
constexpr std::int64_t kAhead = 4096;

template <WeightType kType, int kHeight, int kCount>
void multiply_direct_panel(const std::byte* a, const WeightView& w, std::int64_t block, std::int64_t k,
                           std::int64_t depth, float* c, std::int64_t c_block, bool first) {
  constexpr int kInputs = kPairedInputs<kType>;
  const std::int64_t group = scale_group(kType) > 0 ? scale_group(kType) : depth;
  const std::int64_t block_bytes = w.in / inputs_of_line(kType) * kLineBytes;
  const std::byte* line = line_of<kType>(w, block, k);
  Floats sums[kHeight][kCount] = {};
  for (std::int64_t begin = 0; begin < depth; begin += group) {
    PairScales<kType> scale[kCount];
#pragma GCC unroll 4
    for (int b = 0; b < kCount; ++b) scale[b] = PairScales<kType>::read(w, block + b, k + begin);
    for (std::int64_t step = 0; step < group;
         step += kInputs, line += kPairedBytes<kType>, a += kInputs / 2 * kHeight * 4) {
#pragma GCC unroll 4
      for (int b = 0; b < kCount; ++b)
#pragma GCC unroll 2
        for (std::int64_t i = 0; i < kPairedBytes<kType>; i += kLineBytes)
          __builtin_prefetch(line + b * block_bytes + i + kAhead);
#pragma GCC unroll 4
      for (int i = 0; i < kInputs; i += 2) {
        Uints pairs[kCount];
#pragma GCC unroll 4
        for (int b = 0; b < kCount; ++b) pairs[b] = weight_pairs<kType>(line + b * block_bytes, i, scale[b]);
#pragma GCC unroll 8
        for (int r = 0; r < kHeight; ++r) {
          const Uints x = splat_pair(a + (i / 2 * kHeight + r) * 4);
#pragma GCC unroll 4
          for (int b = 0; b < kCount; ++b) sums[r][b] = add_products(sums[r][b], x, pairs[b]);
        }
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kHeight; ++r)
#pragma GCC unroll 4
    for (int b = 0; b < kCount; ++b) {
      float* to = c + b * c_block + r * kBlockOutputs;
      const Floats sum = in_order<kType>(sums[r][b]);
      store(to, first ? sum : load(to) + sum);
    }
}

template <WeightType kType, int kHeight = kDirectRows>
AACFT_INLINE void multiply_direct_rows(std::int64_t rows, const std::byte* a, const WeightView& w, std::int64_t block,
                                       std::int64_t blocks, std::int64_t k, std::int64_t depth, float* c,
                                       std::int64_t c_block, bool first) {
  if (rows == kHeight) {
    constexpr int kCount = direct_blocks(kHeight);
    std::int64_t i = 0;
    for (; i + kCount <= blocks; i += kCount)
      multiply_direct_panel<kType, kHeight, kCount>(a, w, block + i, k, depth, c + i * c_block, c_block, first);
    for (; i < blocks; ++i)
      multiply_direct_panel<kType, kHeight, 1>(a, w, block + i, k, depth, c + i * c_block, c_block, first);
  } else if constexpr (kHeight > 1) {
    multiply_direct_rows<kType, kHeight - 1>(rows, a, w, block, blocks, k, depth, c, c_block, first);
  }
}

template <WeightType kType>
void multiply_direct_as(const BlockProduct& p, const WeightView& w, std::int64_t block, std::int64_t blocks,
                        std::int64_t k) {
  constexpr std::int64_t kSums = kDirectRows * kBlockOutputs;  // of a panel
  for (std::int64_t i = 0; i < p.a.count; ++i)
    multiply_direct_rows<kType>(rows_of_panel(p.a, i), p.a.packed + i * p.a.bytes, w, block, blocks, k, p.depth,
                                p.c + i * kSums, p.a.count * kSums, p.first);
}

void multiply_direct(const BlockProduct& p, const WeightView& w, std::int64_t block, std::int64_t blocks,
                     std::int64_t k) {
  switch (w.type) {
    case WeightType::kFp32: return multiply_direct_as<WeightType::kFp32>(p, w, block, blocks, k);
    case WeightType::kFp16: return multiply_direct_as<WeightType::kFp16>(p, w, block, blocks, k);
    case WeightType::kBf16: return multiply_direct_as<WeightType::kBf16>(p, w, block, blocks, k);
    case WeightType::kInt8: return multiply_direct_as<WeightType::kInt8>(p, w, block, blocks, k);
    case WeightType::kNf4: return multiply_direct_as<WeightType::kNf4>(p, w, block, blocks, k);
  }
}

}  // namespace

extern const MatmulTier matmul_bf16 = {.rows = kRows,
                                       .columns = kColumns,
                                       .depth = kDepth,
                                       .block_bytes = 640 << 10,
                                       .task_columns = 256,
                                       .direct_rows = kDirectRows,
                                       .element_bytes = 2,
                                       .pack = pack,
                                       .expand = expand<kBlocks>,
                                       .expand_transposed = expand_transposed<kBlocks>,
                                       .multiply = multiply,
                                       .multiply_direct = multiply_direct,
                                       .finish = finish};

}  // namespace aacft::AACFT_TIER
