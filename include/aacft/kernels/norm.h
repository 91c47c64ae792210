// Layer normalisation (Ba et al. 2016) of fp32 rows; statistics in fp32, in two passes. In parallel; each row is a
// function of itself alone.
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

}  // namespace aacft
