// The matrix products of attention, on fp32 copies of blocks of queries and keys.
#pragma once

#include <utility>

#include "kernels/vector/attention.h"
#include "kernels/vector/simd.h"

namespace aacft::AACFT_TIER {
namespace {

constexpr std::int64_t kBlock = kAttentionBlock;

AACFT_INLINE std::int64_t least(std::int64_t a, std::int64_t b) { return a < b ? a : b; }
AACFT_INLINE std::int64_t most(std::int64_t a, std::int64_t b) { return a > b ? a : b; }
AACFT_INLINE std::int64_t vectors(std::int64_t floats) { return (floats + kWidth - 1) / kWidth; }
// Of a row of head_dim floats in scratch.
AACFT_INLINE std::int64_t row_stride(std::int64_t head_dim) { return vectors(head_dim) * kWidth; }

// ---- fp32 copies ----

// Rows lie far apart, or come from a long cache: without this the copies wait for memory.
constexpr std::int64_t kAhead = 16;
AACFT_INLINE void prefetch_row(const ConstMatrix& m, std::int64_t i) {
  if (i >= m.rows) return;
  const std::byte *row = row_of(m, i), *end = row_of(row, m.element, m.cols, 1);
  for (; row < end; row += 64) __builtin_prefetch(row);
}

// The row's vector at i, and zeros past the end.
template <Element kElement>
AACFT_INLINE Floats load_within(const std::byte* row, std::int64_t i, std::int64_t size) {
  return i + kWidth <= size ? Row<kElement>::load(row, i) : load_end(row, kElement, i, size);
}

// to[i][d] = factor * from[first + i][d], and zeros up to the end of a vector.
template <Element kElement>
void copy_rows(const ConstMatrix& from, std::int64_t first, std::int64_t rows, float factor, float* to) {
  const std::int64_t cols = from.cols;
  for (std::int64_t i = 0; i < rows; ++i, to += row_stride(cols)) {
    const std::byte* row = row_of(from, first + i);
    prefetch_row(from, first + i + kAhead);
    for (std::int64_t d = 0; d < cols; d += kWidth) store(to + d, load_within<kElement>(row, d, cols) * factor);
  }
}
void copy_rows(const ConstMatrix& from, std::int64_t first, std::int64_t rows, float factor, float* to) {
  const auto copy = from.element == Element::kFp32 ? copy_rows<Element::kFp32> : copy_rows<Element::kBf16>;
  copy(from, first, rows, factor, to);
}

// to[first + i][d] = factor * from[i][d]
void write_rows(const float* from, float factor, const Matrix& to, std::int64_t first, std::int64_t rows) {
  for (std::int64_t i = 0; i < rows; ++i, from += row_stride(to.cols)) {
    std::byte* row = row_of(to, first + i);
    for (std::int64_t d = 0; d < to.cols; d += kWidth) store(row, to.element, d, to.cols, load(from + d) * factor);
  }
}

// Swaps the upper right with the lower left quarter of each square of 2 kSize x 2 kSize, whose rows i and i + kSize
// are a and b.
template <int kSize, int... kLane>
AACFT_INLINE void swap_quarters(Floats& a, Floats& b, std::integer_sequence<int, kLane...>) {
  const Floats x = a, y = b;
  a = __builtin_shufflevector(x, y, (kLane & kSize ? kWidth + kLane - kSize : kLane)...);
  b = __builtin_shufflevector(x, y, (kLane & kSize ? kWidth + kLane : kLane + kSize)...);
}
template <int kSize = kWidth / 2>
AACFT_INLINE void transpose(Floats (&x)[kWidth]) {
#pragma GCC unroll 16
  for (int i = 0; i < kWidth; ++i)
    if ((i & kSize) == 0) swap_quarters<kSize>(x[i], x[i + kSize], std::make_integer_sequence<int, kWidth>());
  if constexpr (kSize > 1) transpose<kSize / 2>(x);
}

// to[d][i] = factor * from[first + i][d], kBlock floats a row, and zeros up to the end of a vector.
template <Element kElement>
void copy_transposed(const ConstMatrix& from, std::int64_t first, std::int64_t rows, float factor, float* to) {
  const std::int64_t cols = from.cols;
  for (std::int64_t i = 0; i < rows; i += kWidth) {
    const std::byte* row[kWidth];
    for (int k = 0; k < kWidth; ++k) {
      row[k] = row_of(from, first + i + k);
      prefetch_row(from, first + i + k + kAhead);
    }
    for (std::int64_t d = 0; d < cols; d += kWidth) {
      Floats x[kWidth];
#pragma GCC unroll 16
      for (int k = 0; k < kWidth; ++k) x[k] = i + k < rows ? load_within<kElement>(row[k], d, cols) : Floats{};
      transpose(x);
#pragma GCC unroll 16
      for (int k = 0; k < kWidth; ++k)
        if (d + k < cols) store(to + (d + k) * kBlock + i, x[k] * factor);
    }
  }
}
void copy_transposed(const ConstMatrix& from, std::int64_t first, std::int64_t rows, float factor, float* to) {
  const auto copy = from.element == Element::kFp32 ? copy_transposed<Element::kFp32> : copy_transposed<Element::kBf16>;
  copy(from, first, rows, factor, to);
}

// ---- products ----

#if defined(__AVX512F__)
constexpr int kTileRows = 14, kAccumulators = 28;
#else
constexpr int kTileRows = 6, kAccumulators = 12;
#endif

// How a's element of row i and step t is stored; a's rows, or columns, are kBlock floats long.
enum class Order { kRows, kSteps };

// c += a b (or c = a b) for kRows rows of c and a, kVectors vectors of c's and b's columns. All rows take the first
// `steps` steps, and row i the next min(i, tail): where keys are steps, each query sees one more than that before it.
// Every element of c is one chain of multiply-adds in the order of the steps, whatever the tile's shape.
template <Order kOrder, int kRows, int kVectors>
AACFT_INLINE void multiply_tile(const float* a, const float* b, std::int64_t b_stride, std::int64_t steps,
                                std::int64_t tail, bool accumulate, float* c, std::int64_t c_stride) {
  constexpr std::int64_t kRow = kOrder == Order::kRows ? kBlock : 1, kStep = kOrder == Order::kRows ? 1 : kBlock;
  Floats sums[kRows][kVectors];
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) sums[i][v] = accumulate ? load(c + i * c_stride + v * kWidth) : Floats{};
  for (std::int64_t t = 0; t < steps; ++t, a += kStep, b += b_stride) {
    Floats row[kVectors];
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) row[v] = load(b + v * kWidth);
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) sums[i][v] += splat(a[i * kRow]) * row[v];
  }
#pragma GCC unroll 16
  for (int t = 0; t < kRows - 1; ++t) {
    if (t >= tail) break;
#pragma GCC unroll 16
    for (int i = t + 1; i < kRows; ++i)
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v)
        sums[i][v] += splat(a[i * kRow + t * kStep]) * load(b + t * b_stride + v * kWidth);
  }
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) store(c + i * c_stride + v * kWidth, sums[i][v]);
}

struct Product {
  const float* a;
  const float* b;
  std::int64_t b_stride;
  float* c;
  std::int64_t c_stride;
  std::int64_t columns;  // of b and c, in vectors
  bool accumulate;       // else c is overwritten
};

// One tile of rows, all columns; few rows take more columns at once, to have enough sums in flight.
template <Order kOrder, int kRows, int kVectors = 8>
AACFT_INLINE void multiply_columns(const Product& p, std::int64_t steps, std::int64_t tail, std::int64_t first) {
  if constexpr (kRows * kVectors <= kAccumulators)
    for (; first + kVectors <= p.columns; first += kVectors)
      multiply_tile<kOrder, kRows, kVectors>(p.a, p.b + first * kWidth, p.b_stride, steps, tail, p.accumulate,
                                             p.c + first * kWidth, p.c_stride);
  if constexpr (kVectors > 1) multiply_columns<kOrder, kRows, kVectors / 2>(p, steps, tail, first);
}
template <Order kOrder, int kRows>
void multiply_rows(const Product& p, std::int64_t steps, std::int64_t tail) {
  multiply_columns<kOrder, kRows>(p, steps, tail, 0);
}

// rows: 1 .. kTileRows.
template <Order kOrder, int kRows = kTileRows>
AACFT_INLINE void multiply(std::int64_t rows, const Product& p, std::int64_t steps, std::int64_t tail = 0) {
  if (rows == kRows) return multiply_rows<kOrder, kRows>(p, steps, tail);
  if constexpr (kRows > 1) multiply<kOrder, kRows - 1>(rows, p, steps, tail);
}

// Calls body(first, count) for tiles of first .. end - 1 of nearly equal size: a small last one would be slow.
template <typename Body>
AACFT_INLINE void for_each_tile(std::int64_t first, std::int64_t end, const Body& body) {
  for (std::int64_t tiles = (end - first + kTileRows - 1) / kTileRows; tiles > 0; --tiles) {
    const std::int64_t count = (end - first + tiles - 1) / tiles;
    body(first, count);
    first += count;
  }
}

}  // namespace
}  // namespace aacft::AACFT_TIER
