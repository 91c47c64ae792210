// Layer normalisation (Ba et al. 2016), its statistics in two passes, and RMS norm (Zhang and Sennrich 2019). In fp32
// and in parallel; each row, of RMS norm each head of a row, is a function of itself alone.
#pragma once

#include "aacft/kernels/matrix.h"

namespace aacft {

// y = (x - mean) / sqrt(variance + eps) * weight + bias. x: fp32; y: fp32 or bf16.
void layer_norm(const ConstMatrix& x, const float* weight, const float* bias, float eps, const Matrix& y);

// dx += the gradient with respect to x, fp32; mean and variance are computed again. dy: fp32 or bf16. dx may be any
// other matrix than x.
void layer_norm_backward(const ConstMatrix& x, const float* weight, float eps, const ConstMatrix& dy, const Matrix& dx);

// weight_grad and bias_grad += the sums over the rows of x and dy: row after row, in order, so that a pass cut in two
// gives the same bits. In parallel over columns.
void layer_norm_weight_grad(const ConstMatrix& x, float eps, const ConstMatrix& dy, float* weight_grad,
                            float* bias_grad);

// y = x / sqrt(mean of x^2 + eps) * weight, for each head of each row ({m, 1}: rows without heads); all heads have the
// same weight, [head_dim].
// x, y: fp32 or bf16; y may be x itself.
void rms_norm(const ConstHeads& x, const float* weight, float eps, const Heads& y);

// dx = the gradient with respect to x, or dx += it (`accumulate`); the mean of squares is computed again. dy, dx: fp32
// or bf16. dx may be dy, but not x.
void rms_norm_backward(const ConstHeads& x, const float* weight, float eps, const ConstHeads& dy, const Heads& dx,
                       bool accumulate);

// weight_grad += the sum over the heads of the rows of x and dy: row after row, and in a row head after head, so that a
// pass cut in two gives the same bits. In parallel over columns.
void rms_norm_weight_grad(const ConstHeads& x, float eps, const ConstHeads& dy, float* weight_grad);

}  // namespace aacft
