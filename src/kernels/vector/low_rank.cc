#include "kernels/vector/low_rank.h"

#include "kernels/vector/mask.h"
#include "kernels/vector/simd.h"

namespace aacft::AACFT_TIER {
namespace {

constexpr std::int64_t kTileRows = 4;  // rows that share what is loaded of M
constexpr std::int64_t kChunk = 512;   // columns of a tile that are widened and masked together; stays in the L1 cache
constexpr int kVectors = kPanel / kWidth;
static_assert(kVectors % 2 == 0 && kChunk % kPanel == 0 && kGradColumns % kPanel == 0 && kChunk % kMaskStep == 0 &&
              kGradColumns % kMaskStep == 0);

AACFT_INLINE std::int64_t smaller(std::int64_t a, std::int64_t b) { return a < b ? a : b; }
AACFT_INLINE std::int64_t whole_panels(std::int64_t columns) { return (columns + kPanel - 1) / kPanel * kPanel; }

AACFT_INLINE void read_mask(const RowMasks& masks, std::int64_t row, std::int64_t first, std::int64_t count,
                            float* values) {
  fill_mask(masks.keys + 2 * row, masks.substream, masks.p, first, count, values);
}

// Columns first .. first + count - 1 of dropout(row), in fp32; zeros up to the end of the panel.
void read(const std::byte* row, Element element, const RowMasks& masks, std::int64_t mask_row, std::int64_t first,
          std::int64_t count, float* values) {
  const std::int64_t padded = whole_panels(count);
  if (masks.p > 0) {
    read_mask(masks, mask_row, first, padded, values);
    for (std::int64_t c = 0; c < padded; c += kWidth)
      store(values + c, load(row, element, first + c, first + count) * load(values + c));
  } else {
    for (std::int64_t c = 0; c < padded; c += kWidth) store(values + c, load(row, element, first + c, first + count));
  }
}

// Asks for what read() will want soon: hardware expects whole rows.
AACFT_INLINE void prefetch(const std::byte* row, Element element, std::int64_t first, std::int64_t count) {
  const std::int64_t size = element == Element::kFp32 ? 4 : 2;
  for (std::int64_t b = 0; b < count * size; b += 64) __builtin_prefetch(row + first * size + b);
}

// ---- x M^T ----

// h [rows, rank] += block [kTileRows][columns] times kRanks rows of M.
template <int kRanks>
void project_ranks(const float (*block)[kChunk], std::int64_t columns, const float* panels, std::int64_t rank,
                   std::int64_t rows, float* h) {
  Floats sums[kTileRows][kRanks] = {};
  for (std::int64_t c = 0; c < columns; c += kWidth) {
    const float* m = panels + c / kPanel * rank * kPanel + c % kPanel;
    for (int k = 0; k < kRanks; ++k) {
      const Floats value = load(m + k * kPanel);
      for (int r = 0; r < kTileRows; ++r) sums[r][k] += load(block[r] + c) * value;
    }
  }
  for (int r = 0; r < kTileRows; ++r)
    for (int k = 0; k < kRanks; ++k)
      if (r < rows) h[r * rank + k] += sum(sums[r][k]);
}

void project(const ConstMatrix& x, const RowMasks& masks, std::int64_t first_row, const float* panels,
             std::int64_t rank, float scale, float* h) {
  const std::int64_t values = x.rows * rank;
  for (std::int64_t i = 0; i < values; ++i) h[i] = 0;
  alignas(64) float block[kTileRows][kChunk] = {};
  for (std::int64_t first = 0; first < x.cols; first += kChunk, panels += kChunk * rank) {
    const std::int64_t count = smaller(kChunk, x.cols - first), columns = whole_panels(count);
    for (std::int64_t tile = 0; tile < x.rows; tile += kTileRows) {
      const std::int64_t rows = smaller(kTileRows, x.rows - tile);
      for (std::int64_t r = 0; r < rows; ++r) {
        prefetch(row_of(x, smaller(tile + r + kTileRows, x.rows - 1)), x.element, first, count);
        read(row_of(x, tile + r), x.element, masks, first_row + tile + r, first, count, block[r]);
      }
      float* tile_h = h + tile * rank;
      std::int64_t k = 0;
      for (; k + 3 <= rank; k += 3) project_ranks<3>(block, columns, panels + k * kPanel, rank, rows, tile_h + k);
      for (; k < rank; ++k) project_ranks<1>(block, columns, panels + k * kPanel, rank, rows, tile_h + k);
    }
  }
  for (std::int64_t i = 0; i < values; ++i) h[i] *= scale;
}

// ---- h M ----

// Two vectors of up to kTileRows rows of y, from column `first`, += dropout(h M); mask, where given, has rows of
// kChunk.
void expand_vectors(const float* h, std::int64_t rank, const float* panel, const float* mask, const Matrix& y,
                    std::int64_t tile, std::int64_t first) {
  const float* h_rows[kTileRows];
  for (std::int64_t r = 0; r < kTileRows; ++r) h_rows[r] = h + smaller(tile + r, y.rows - 1) * rank;
  Floats sums[kTileRows][2] = {};
  for (std::int64_t k = 0; k < rank; ++k, panel += kPanel) {
    const Floats left = load(panel), right = load(panel + kWidth);
    for (int r = 0; r < kTileRows; ++r) {
      sums[r][0] += h_rows[r][k] * left;
      sums[r][1] += h_rows[r][k] * right;
    }
  }
  for (int r = 0; r < kTileRows && tile + r < y.rows; ++r) {
    std::byte* row = row_of(y, tile + r);
    for (int v = 0; v < 2; ++v) {
      const std::int64_t at = first + v * kWidth;
      const Floats added = mask != nullptr ? sums[r][v] * load(mask + r * kChunk + v * kWidth) : sums[r][v];
      store(row, y.element, at, y.cols, load(row, y.element, at, y.cols) + added);
    }
  }
}

void expand(const float* h, std::int64_t rank, const RowMasks& masks, std::int64_t first_row, const float* panels,
            const Matrix& y) {
  alignas(64) float mask[kTileRows][kChunk];
  for (std::int64_t first = 0; first < y.cols; first += kChunk, panels += kChunk * rank) {
    const std::int64_t columns = whole_panels(smaller(kChunk, y.cols - first));
    for (std::int64_t tile = 0; tile < y.rows; tile += kTileRows) {
      if (masks.p > 0)
        for (std::int64_t r = 0; r < smaller(kTileRows, y.rows - tile); ++r)
          read_mask(masks, first_row + tile + r, first, columns, mask[r]);
      for (std::int64_t c = 0; c < columns; c += 2 * kWidth)
        expand_vectors(h, rank, panels + c / kPanel * rank * kPanel + c % kPanel, masks.p > 0 ? *mask + c : nullptr, y,
                       tile, first + c);
    }
  }
}

// ---- h^T x ----

constexpr std::int64_t kGradRows = 16;  // rows that are widened and masked together

// kRanks rows of a panel, two vectors of each, += h [rows, rank] times block, row after row.
template <int kRanks>
void accumulate_ranks(const float* h, std::int64_t rank, const float* block, std::int64_t rows, float* panel) {
  Floats sums[kRanks][2];
  for (int k = 0; k < kRanks; ++k)
    for (int v = 0; v < 2; ++v) sums[k][v] = load(panel + k * kPanel + v * kWidth);
  for (std::int64_t r = 0; r < rows; ++r, h += rank, block += kGradColumns) {
    const Floats left = load(block), right = load(block + kWidth);
    for (int k = 0; k < kRanks; ++k) {
      sums[k][0] += h[k] * left;
      sums[k][1] += h[k] * right;
    }
  }
  for (int k = 0; k < kRanks; ++k)
    for (int v = 0; v < 2; ++v) store(panel + k * kPanel + v * kWidth, sums[k][v]);
}

void accumulate(const float* h, std::int64_t rank, const ConstMatrix& x, const RowMasks& masks, std::int64_t first,
                std::int64_t count, float* panels) {
  alignas(64) float block[kGradRows][kGradColumns];
  for (std::int64_t row = 0; row < x.rows; row += kGradRows, h += kGradRows * rank) {
    const std::int64_t rows = smaller(kGradRows, x.rows - row);
    for (std::int64_t r = 0; r < rows; ++r) {
      prefetch(row_of(x, smaller(row + r + kGradRows, x.rows - 1)), x.element, first, count);
      read(row_of(x, row + r), x.element, masks, row + r, first, count, block[r]);
    }
    for (std::int64_t c = 0; c < whole_panels(count); c += 2 * kWidth) {
      float* panel = panels + c / kPanel * rank * kPanel + c % kPanel;
      std::int64_t k = 0;
      for (; k + 4 <= rank; k += 4) accumulate_ranks<4>(h + k, rank, *block + c, rows, panel + k * kPanel);
      for (; k < rank; ++k) accumulate_ranks<1>(h + k, rank, *block + c, rows, panel + k * kPanel);
    }
  }
}

}  // namespace

extern const LowRankTable low_rank_table = {project, expand, accumulate};

}  // namespace aacft::AACFT_TIER
