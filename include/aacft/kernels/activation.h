// GELU (Hendrycks and Gimpel 2016), exact (erf) or by its tanh approximation, and SwiGLU (Shazeer 2020); computed in
// fp32. In parallel; each row is a function of itself alone.
#pragma once

#include "aacft/kernels/matrix.h"

namespace aacft {

enum class GeluKind : std::uint8_t { kErf, kTanh };

void gelu(const ConstMatrix& x, GeluKind kind, const Matrix& y);

// dx = dy * gelu'(x). dx may be dy or x itself.
void gelu_backward(const ConstMatrix& x, GeluKind kind, const ConstMatrix& dy, const Matrix& dx);

// y = silu(gate) * up, with silu(x) = x / (1 + exp(-x)). gate_up: [rows, 2 y.cols], a row is gate | up.
void swiglu(const ConstMatrix& gate_up, const Matrix& y);

// The gradients of gate | up. dgate_up may be gate_up itself.
void swiglu_backward(const ConstMatrix& gate_up, const ConstMatrix& dy, const Matrix& dgate_up);

}  // namespace aacft
