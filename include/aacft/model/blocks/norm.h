// Norms of the residual stream.
#pragma once

#include "aacft/model/block_context.h"
#include "aacft/model/parameter.h"

namespace aacft {

// x: fp32 [rows, hidden]; y: fp32 or bf16, as wide.
void norm_forward(const ModelConfig& config, const Norm& norm, const Matrix& x, const Matrix& y);

// The same into the context's `normed`, in the activations' type: what a layer's linears read.
Matrix norm_forward(const BlockContext& context, const Norm& norm, const Matrix& x);

// dy: the gradient of the output for the input x. Adds to the gradients of the norm's own weights, where they are
// trained (row after row, in order) ...
void norm_weight_backward(const ModelConfig& config, const Norm& norm, const Matrix& x, const Matrix& dy);
// ... and to dx, the gradient of x.
void norm_backward(const ModelConfig& config, const Norm& norm, const Matrix& x, const Matrix& dy, const Matrix& dx);

}  // namespace aacft
