// Matrix products by fused multiply-adds on fp32.
#include "kernels/vector/transpose.h"
#include "kernels/vector/weights.h"

namespace aacft::AACFT_TIER {
namespace {

// The register tile: kRows x kVectors sums, a weight vector or two, an activation.
#if defined(__AVX512F__)
constexpr int kRows = 14, kColumns = 32, kDirectRows = 8, kDirectSums = 16;
constexpr std::int64_t kDepth = 128, kBlockBytes = 640 << 10, kTaskColumns = 256;
#elif defined(__AVX2__)
constexpr int kRows = 6, kColumns = 16, kDirectRows = 6, kDirectSums = 8;
constexpr std::int64_t kDepth = 256, kBlockBytes = 320 << 10, kTaskColumns = 128;
#else
constexpr int kRows = 3, kColumns = 16, kDirectRows = 2, kDirectSums = 8;
constexpr std::int64_t kDepth = 256, kBlockBytes = 320 << 10, kTaskColumns = 128;
#endif
constexpr int kVectors = kColumns / kWidth;
constexpr int kBlockVectors = kBlockOutputs / kWidth;

AACFT_INLINE std::int64_t least(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

AACFT_INLINE std::int64_t rows_of_panel(const RowPanels& a, std::int64_t i) { return a.row(i + 1) - a.row(i); }

// ---- activations: [depth][rows] ----

template <Element kElement, bool kRound>
void pack_rows(const ConstMatrix& x, std::int64_t k, std::int64_t depth, float* packed) {
  const std::int64_t present = x.cols > k ? least(depth, x.cols - k) : 0;
  const std::byte* rows[kWidth];
  for (std::int64_t r = 0; r < x.rows; ++r)
    rows[r] = static_cast<const std::byte*>(x.data) + (r * x.stride + k) * (kElement == Element::kFp32 ? 4 : 2);
  std::int64_t step = 0;
  // A step's vector is stored whole, past its x.rows values; the next step's overwrites the rest, so the last ones are
  // left to the loop below.
  for (; step + 2 * kWidth <= present; step += kWidth) {
    Floats v[kWidth];
#pragma GCC unroll 16
    for (int r = 0; r < kWidth; ++r) v[r] = r < x.rows ? Row<kElement>::load(rows[r], step) : Floats{};
    transpose(v);
#pragma GCC unroll 16
    for (int i = 0; i < kWidth; ++i) store(packed + (step + i) * x.rows, kRound ? round_to_bf16(v[i]) : v[i]);
  }
  for (; step < present; ++step)
    for (std::int64_t r = 0; r < x.rows; ++r) {
      const float value = Row<kElement>::get(rows[r], step);
      packed[step * x.rows + r] = kRound ? widen(to_bf16(value)) : value;
    }
  for (std::int64_t i = present * x.rows; i < depth * x.rows; ++i) packed[i] = 0.0f;
}

template <bool kRound>
void pack(const ConstMatrix& x, std::int64_t k, std::int64_t depth, std::byte* packed) {
  float* to = reinterpret_cast<float*>(packed);
  if (x.element == Element::kBf16) {
    pack_rows<Element::kBf16, false>(x, k, depth, to);
  } else {
    pack_rows<Element::kFp32, kRound>(x, k, depth, to);
  }
}

// ---- weights: [depth][kColumns] ----

template <WeightType kType, bool kRound>
void expand_as(const WeightView& w, std::int64_t n, std::int64_t k, std::int64_t depth, float* panel) {
  constexpr std::int64_t kInputs = inputs_of_line(kType);
  const std::int64_t group = scale_group(kType) > 0 ? scale_group(kType) : depth;
  for (std::int64_t column = 0; column < kColumns; column += kBlockOutputs) {
    const std::int64_t block = (n + column) / kBlockOutputs;
    float* to = panel + column;
    if (n + column >= w.out) {
      for (std::int64_t step = 0; step < depth; ++step)
        for (int v = 0; v < kBlockVectors; ++v) store(to + step * kColumns + v * kWidth, Floats{});
      continue;
    }
    for (std::int64_t first = 0; first < depth; first += group) {
      Floats scale[kBlockVectors];
#pragma GCC unroll 4
      for (int v = 0; v < kBlockVectors; ++v) scale[v] = scales<kType>(w, block, v * kWidth, k + first);
      const std::byte* line = line_of<kType>(w, block, k + first);
      for (std::int64_t step = first; step < first + group; step += kInputs, line += kLineBytes) {
#pragma GCC unroll 4
        for (int v = 0; v < kBlockVectors; ++v) {
          const auto values = Line<kType>::read(line, v * kWidth);
#pragma GCC unroll 8
          for (int i = 0; i < kInputs; ++i)
            store(to + (step + i) * kColumns + v * kWidth, weight<kType, kRound>(values, i, scale[v]));
        }
      }
    }
  }
}

template <WeightType kType, bool kRound>
void expand_transposed_as(const WeightView& w, std::int64_t n, std::int64_t k, std::int64_t depth, float* panel) {
  constexpr std::int64_t kInputs = inputs_of_line(kType);
  for (std::int64_t step = 0; step < depth; step += kWidth) {
    const std::int64_t block = (k + step) / kBlockOutputs, output = (k + step) % kBlockOutputs;
    const Floats scale = scales<kType>(w, block, output, n);
    const std::byte* lines = line_of<kType>(w, block, n);
#pragma GCC unroll 8
    for (int column = 0; column < kColumns; column += kWidth) {
      Floats x[kWidth];
#pragma GCC unroll 16
      for (int i = 0; i < kWidth; ++i) {
        const auto line = Line<kType>::read(lines + (column + i) / kInputs * kLineBytes, output);
        x[i] = weight<kType, kRound>(line, (column + i) % kInputs, scale);
      }
      transpose(x);
#pragma GCC unroll 16
      for (int i = 0; i < kWidth; ++i) store(panel + (step + i) * kColumns + column, x[i]);
    }
  }
}

template <bool kRound>
void expand(const WeightView& w, std::int64_t n, std::int64_t k, std::int64_t depth, std::byte* panel) {
  float* to = reinterpret_cast<float*>(panel);
  switch (w.type) {
    case WeightType::kFp32: return expand_as<WeightType::kFp32, kRound>(w, n, k, depth, to);
    case WeightType::kFp16: return expand_as<WeightType::kFp16, kRound>(w, n, k, depth, to);
    case WeightType::kBf16: return expand_as<WeightType::kBf16, false>(w, n, k, depth, to);
    case WeightType::kInt8: return expand_as<WeightType::kInt8, kRound>(w, n, k, depth, to);
    case WeightType::kNf4: return expand_as<WeightType::kNf4, kRound>(w, n, k, depth, to);
  }
}

template <bool kRound>
void expand_transposed(const WeightView& w, std::int64_t n, std::int64_t k, std::int64_t depth, std::byte* panel) {
  float* to = reinterpret_cast<float*>(panel);
  switch (w.type) {
    case WeightType::kFp32: return expand_transposed_as<WeightType::kFp32, kRound>(w, n, k, depth, to);
    case WeightType::kFp16: return expand_transposed_as<WeightType::kFp16, kRound>(w, n, k, depth, to);
    case WeightType::kBf16: return expand_transposed_as<WeightType::kBf16, false>(w, n, k, depth, to);
    case WeightType::kInt8: return expand_transposed_as<WeightType::kInt8, kRound>(w, n, k, depth, to);
    case WeightType::kNf4: return expand_transposed_as<WeightType::kNf4, kRound>(w, n, k, depth, to);
  }
}

// ---- products ----

template <int kHeight>
void multiply_panel(const float* a, const float* b, std::int64_t depth, float* c, bool first,
                    const std::byte* const* lines, std::int64_t line_count) {
  Floats sums[kHeight][kVectors] = {};
  for (std::int64_t step = 0; step < depth; ++step, a += kHeight, b += kColumns) {
    if (step < line_count) __builtin_prefetch(lines[step]);
    Floats row[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) row[v] = load(b + v * kWidth);
#pragma GCC unroll 14
    for (int r = 0; r < kHeight; ++r) {
      const Floats x = splat(a[r]);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sums[r][v] += x * row[v];
    }
  }
#pragma GCC unroll 14
  for (int r = 0; r < kHeight; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      float* to = c + r * kColumns + v * kWidth;
      store(to, first ? sums[r][v] : load(to) + sums[r][v]);
    }
}

template <int kHeight = kRows>
AACFT_INLINE void multiply_rows(std::int64_t rows, const float* a, const float* b, std::int64_t depth, float* c,
                                bool first, const std::byte* const* lines, std::int64_t line_count) {
  if (rows == kHeight) return multiply_panel<kHeight>(a, b, depth, c, first, lines, line_count);
  if constexpr (kHeight > 1) multiply_rows<kHeight - 1>(rows, a, b, depth, c, first, lines, line_count);
}

void multiply(const BlockProduct& p, const WeightPanel&, const std::byte* panel, const Ahead& ahead) {
  const float* b = reinterpret_cast<const float*>(panel);
  for (std::int64_t i = 0; i < p.a.count; ++i) {
    const std::int64_t from = ahead.line_count * i / p.a.count, to = ahead.line_count * (i + 1) / p.a.count;
    multiply_rows(rows_of_panel(p.a, i), reinterpret_cast<const float*>(p.a.packed + i * p.a.bytes), b, p.depth,
                  p.c + i * kRows * kColumns, p.first, ahead.lines + from, to - from);
  }
}

// How far ahead of its use a line is prefetched.
constexpr std::int64_t kAhead = 4096;

template <WeightType kType, bool kRound, int kHeight, int kBlocks>
void multiply_direct_panel(const float* a, const WeightView& w, std::int64_t block, std::int64_t k, std::int64_t depth,
                           float* c, std::int64_t c_block, bool first) {
  constexpr std::int64_t kInputs = inputs_of_line(kType);
  constexpr int kSums = kBlocks * kBlockVectors;
  const std::int64_t group = scale_group(kType) > 0 ? scale_group(kType) : depth;
  const std::int64_t block_bytes = w.in / kInputs * kLineBytes;
  const std::byte* line = line_of<kType>(w, block, k);
  Floats sums[kHeight][kSums] = {};
  for (std::int64_t begin = 0; begin < depth; begin += group) {
    Floats scale[kSums];
#pragma GCC unroll 16
    for (int v = 0; v < kSums; ++v)
      scale[v] = scales<kType>(w, block + v / kBlockVectors, v % kBlockVectors * kWidth, k + begin);
    for (std::int64_t step = 0; step < group; step += kInputs, line += kLineBytes, a += kInputs * kHeight) {
#pragma GCC unroll 4
      for (int b = 0; b < kBlocks; ++b) {
        const std::byte* from = line + b * block_bytes;
        __builtin_prefetch(from + kAhead);
        // All vectors together share the activations' broadcasts; a line of many inputs needs the registers.
        constexpr int kTogether = kInputs > 4 ? 1 : kBlockVectors;
#pragma GCC unroll 4
        for (int first_vector = 0; first_vector < kBlockVectors; first_vector += kTogether) {
          Line<kType> values[kTogether];
#pragma GCC unroll 4
          for (int v = 0; v < kTogether; ++v) values[v] = Line<kType>::read(from, (first_vector + v) * kWidth);
          const int sum = b * kBlockVectors + first_vector;
#pragma GCC unroll 8
          for (int i = 0; i < kInputs; ++i) {
            Floats value[kTogether];
#pragma GCC unroll 4
            for (int v = 0; v < kTogether; ++v) value[v] = weight<kType, kRound>(values[v], i, scale[sum + v]);
#pragma GCC unroll 8
            for (int r = 0; r < kHeight; ++r) {
              const Floats x = splat(a[i * kHeight + r]);
#pragma GCC unroll 4
              for (int v = 0; v < kTogether; ++v) sums[r][sum + v] += x * value[v];
            }
          }
        }
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kHeight; ++r)
#pragma GCC unroll 16
    for (int v = 0; v < kSums; ++v) {
      float* to = c + v / kBlockVectors * c_block + r * kBlockOutputs + v % kBlockVectors * kWidth;
      store(to, first ? sums[r][v] : load(to) + sums[r][v]);
    }
}

// Blocks at once: enough sums to hide the latency of their chains.
constexpr int direct_blocks(int height) {
  const int blocks = kDirectSums / (height * kBlockVectors);
  return blocks >= 4 ? 4 : blocks >= 2 ? 2 : 1;
}

template <WeightType kType, bool kRound, int kHeight = kDirectRows>
AACFT_INLINE void multiply_direct_rows(std::int64_t rows, const float* a, const WeightView& w, std::int64_t block,
                                       std::int64_t blocks, std::int64_t k, std::int64_t depth, float* c,
                                       std::int64_t c_block, bool first) {
  if (rows == kHeight) {
    constexpr int kBlocks = direct_blocks(kHeight);
    std::int64_t i = 0;
    for (; i + kBlocks <= blocks; i += kBlocks)
      multiply_direct_panel<kType, kRound, kHeight, kBlocks>(a, w, block + i, k, depth, c + i * c_block, c_block,
                                                             first);
    for (; i < blocks; ++i)
      multiply_direct_panel<kType, kRound, kHeight, 1>(a, w, block + i, k, depth, c + i * c_block, c_block, first);
  } else if constexpr (kHeight > 1) {
    multiply_direct_rows<kType, kRound, kHeight - 1>(rows, a, w, block, blocks, k, depth, c, c_block, first);
  }
}

template <WeightType kType, bool kRound>
void multiply_direct_as(const BlockProduct& p, const WeightView& w, std::int64_t block, std::int64_t blocks,
                        std::int64_t k) {
  for (std::int64_t i = 0; i < p.a.count; ++i)
    multiply_direct_rows<kType, kRound>(
        rows_of_panel(p.a, i), reinterpret_cast<const float*>(p.a.packed + i * p.a.bytes), w, block, blocks, k, p.depth,
        p.c + i * kDirectRows * kBlockOutputs, p.a.count * kDirectRows * kBlockOutputs, p.first);
}

template <bool kRound>
void multiply_direct(const BlockProduct& p, const WeightView& w, std::int64_t block, std::int64_t blocks,
                     std::int64_t k) {
  switch (w.type) {
    case WeightType::kFp32: return multiply_direct_as<WeightType::kFp32, kRound>(p, w, block, blocks, k);
    case WeightType::kFp16: return multiply_direct_as<WeightType::kFp16, kRound>(p, w, block, blocks, k);
    case WeightType::kBf16: return multiply_direct_as<WeightType::kBf16, false>(p, w, block, blocks, k);
    case WeightType::kInt8: return multiply_direct_as<WeightType::kInt8, kRound>(p, w, block, blocks, k);
    case WeightType::kNf4: return multiply_direct_as<WeightType::kNf4, kRound>(p, w, block, blocks, k);
  }
}

// ---- results ----

template <Element kElement>
void finish_as(const float* c, std::int64_t c_stride, const Matrix& y, const Epilogue& epilogue) {
  for (std::int64_t r = 0; r < y.rows; ++r, c += c_stride) {
    std::byte* row = static_cast<std::byte*>(y.data) + r * y.stride * (kElement == Element::kFp32 ? 4 : 2);
    std::int64_t n = 0;
    for (; n + kWidth <= y.cols; n += kWidth) {
      Floats value = load(c + n);
      if (epilogue.bias != nullptr) value += load(epilogue.bias + n);
      if (epilogue.add) value += Row<kElement>::load(row, n);
      Row<kElement>::store(row, n, value);
    }
    for (; n < y.cols; ++n) {
      float value = c[n];
      if (epilogue.bias != nullptr) value += epilogue.bias[n];
      if (epilogue.add) value += Row<kElement>::get(row, n);
      Row<kElement>::put(row, n, value);
    }
  }
}

void finish(const float* c, std::int64_t c_stride, const Matrix& y, const Epilogue& epilogue) {
  (y.element == Element::kFp32 ? finish_as<Element::kFp32> : finish_as<Element::kBf16>)(c, c_stride, y, epilogue);
}

template <bool kRound>
constexpr MatmulTier make_tier() {
  return {.rows = kRows,
          .columns = kColumns,
          .depth = kDepth,
          .block_bytes = kBlockBytes,
          .task_columns = kTaskColumns,
          .direct_rows = kDirectRows,
          .element_bytes = 4,
          .pack = pack<kRound>,
          .expand = expand<kRound>,
          .expand_transposed = expand_transposed<kRound>,
          .multiply = multiply,
          .multiply_direct = multiply_direct<kRound>,
          .finish = finish};
}

}  // namespace

extern const MatmulTier matmul_fp32, matmul_bf16;
const MatmulTier matmul_fp32 = make_tier<false>();
const MatmulTier matmul_bf16 = make_tier<true>();

}  // namespace aacft::AACFT_TIER
