// The leaf functions of low-rank adapters. A matrix M of rank x columns, which is A or the transpose of B, comes as
// panels [columns/32][rank][32], padded with zeros.
#pragma once

#include "aacft/kernels/matrix.h"

namespace aacft {

constexpr std::int64_t kPanel = 32;         // columns of a panel
constexpr std::int64_t kGradColumns = 128;  // whose gradient one task sums; whole panels

// Dropout of a matrix's rows.
struct RowMasks {
  float p = 0;
  std::uint32_t substream = 0;
  const std::uint32_t* keys = nullptr;  // two for each row: its RandomStream's
};

struct LowRankTable {
  // h [x.rows, rank] = scale * dropout(x) M^T. Row 0 of x is row `first_row` of masks.
  void (*project)(const ConstMatrix& x, const RowMasks& masks, std::int64_t first_row, const float* panels,
                  std::int64_t rank, float scale, float* h);
  // y += dropout(h M)
  void (*expand)(const float* h, std::int64_t rank, const RowMasks& masks, std::int64_t first_row, const float* panels,
                 const Matrix& y);
  // The panels of columns first .. first + count - 1 (count <= kGradColumns, first a multiple of it) += h^T dropout(x).
  void (*accumulate)(const float* h, std::int64_t rank, const ConstMatrix& x, const RowMasks& masks, std::int64_t first,
                     std::int64_t count, float* panels);
};

}  // namespace aacft
