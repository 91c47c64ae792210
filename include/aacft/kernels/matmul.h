// Products of activations with packed weights.
#pragma once

#include "aacft/kernels/matrix.h"
#include "aacft/kernels/packed_weights.h"

namespace aacft {

// kFp32: operands and sums in fp32. kBf16: operands rounded to bf16 (nearest even), sums in fp32, on every instruction
// set alike; quantised weights are rounded to bf16 after scaling.
enum class Compute : std::uint8_t { kFp32, kBf16 };

struct Epilogue {
  const float* bias = nullptr;  // one for each column of y; added before the result is rounded to y's type
  bool add = false;             // y += instead of y =
};

// y = x W^T: x [m, in], y [m, out]. Any m >= 0 and any out, in >= 1. x and y do not overlap. In parallel.
// A row of y is a function of that row of x and of W alone, bit for bit, whatever m and the number of threads.
void matmul(const ConstMatrix& x, const PackedWeights& weights, const Matrix& y, Compute compute,
            const Epilogue& epilogue = {});

// y = x W: x [m, out], y [m, in]; from the same packed copy. Otherwise the same.
void matmul_transposed(const ConstMatrix& x, const PackedWeights& weights, const Matrix& y, Compute compute,
                       const Epilogue& epilogue = {});

}  // namespace aacft
