// GELU (Hendrycks and Gimpel 2016), exact (erf) or by its tanh approximation; computed in fp32. In parallel; each row
// is a function of itself alone.
#pragma once

#include "aacft/kernels/matrix.h"

namespace aacft {

enum class GeluKind : std::uint8_t { kErf, kTanh };

void gelu(const ConstMatrix& x, GeluKind kind, const Matrix& y);

// dx = dy * gelu'(x). dx may be dy or x itself.
void gelu_backward(const ConstMatrix& x, GeluKind kind, const ConstMatrix& dy, const Matrix& dx);

}  // namespace aacft
