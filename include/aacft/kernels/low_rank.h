// The products of a low-rank adapter, y += scale * B A dropout(x), and of its gradients. All sums in fp32.
#pragma once

#include <cstdint>

#include "aacft/kernels/matrix.h"

namespace aacft {

// Dropout of the adapter's input: value (row, column) of x is multiplied with value `column` of
// RandomStream(seed, Purpose::kDropout, row_streams[row], substream).fill_mask(p). With p = 0 nothing is dropped.
struct DropoutMask {
  float p = 0;
  std::uint64_t seed = 0;
  const std::uint64_t* row_streams = nullptr;
  std::uint32_t substream = 0;
};

// h = dropout(x) A^T: x [rows, in], a fp32 [rank, in] contiguous, h fp32 [rows, rank] contiguous. In parallel; each
// row is a function of itself alone.
void low_rank_down(const ConstMatrix& x, const DropoutMask& mask, const float* a, std::int64_t rank, float* h);

// y += scale * h B^T: b fp32 [out, rank] contiguous, y [rows, out]. In parallel; each row by itself.
void low_rank_up(const float* h, std::int64_t rank, const float* b, float scale, const Matrix& y);

// dh = scale * dy B: dy [rows, out], dh fp32 [rows, rank] contiguous. In parallel; each row by itself.
void low_rank_up_backward(const ConstMatrix& dy, const float* b, std::int64_t rank, float scale, float* dh);

// dx += dropout(dh A): dx [rows, in]. In parallel; each row by itself.
void low_rank_down_backward(const float* dh, std::int64_t rank, const DropoutMask& mask, const float* a,
                            const Matrix& dx);

// a_grad [rank, in] += dh^T dropout(x), and b_grad [out, rank] += scale * dy^T h: row after row, in order, so that a
// pass cut in two gives the same bits. In parallel over columns.
void low_rank_a_grad(const float* dh, std::int64_t rank, const ConstMatrix& x, const DropoutMask& mask, float* a_grad);
void low_rank_b_grad(const float* h, std::int64_t rank, const ConstMatrix& dy, float scale, float* b_grad);

}  // namespace aacft
