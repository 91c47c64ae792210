// Products of activations in 8 bits with quantised weights: integer sums, for generating at the speed of memory.
#pragma once

#include "aacft/kernels/matmul.h"

namespace aacft {

// Neighbouring activations of a row that share a scale, their largest magnitude / 127.
constexpr std::int64_t kInt8Group = 32;

// y = x W^T: x [m, in], y [m, out]; W of kInt8 or kNf4. Any m >= 0 and any out, in >= 1. x and y do not overlap. In
// parallel.
//
// Activations are rounded to the nearest of 255 levels of their group, NF4's levels to seven bits (by 0.006 of a
// weight's scale at most); the products of a group are then added exactly, and the groups' sums, times both scales, in
// fp32, in order. Against exact arithmetic y is off by at most the sum of |w| * (scale of x) / 2, beside what NF4's
// levels are off. Groups whose magnitudes are all below 2^-100 count as zeros; a row with an infinity or a NaN gives
// NaN. A row of y is a function of that row of x and of W alone, bit for bit, whatever m and the number of threads.
void matmul_int8(const ConstMatrix& x, const PackedWeights& weights, const Matrix& y, const Epilogue& epilogue = {});

}  // namespace aacft
