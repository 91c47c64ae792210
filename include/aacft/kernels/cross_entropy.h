// Softmax cross-entropy of rows of logits. In parallel; each row is a function of itself alone.
#pragma once

#include <cstdint>

#include "aacft/kernels/matrix.h"

namespace aacft {

// nll[i] = -log softmax(logits[i])[next[i]]. With `weights`, the logits (fp32) become weights[i] * (softmax - one-hot),
// the gradient of sum weights[i] * nll[i], in place; exactly 0 where the weight is, whatever the logits. A NaN in a row
// makes its nll NaN.
void cross_entropy(const Matrix& logits, const std::int64_t* next, const float* weights, float* nll);

}  // namespace aacft
