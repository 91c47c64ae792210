// The leaf functions of layer normalisation.
#pragma once

#include "aacft/kernels/matrix.h"

namespace aacft {

struct RowStatistics {
  float mean, inverse_deviation;
};

struct NormTable {
  // One row.
  RowStatistics (*statistics)(const float* x, float eps, std::int64_t cols);
  void (*layer_norm)(const float* x, RowStatistics row, const float* weight, const float* bias, std::byte* y,
                     Element y_element, std::int64_t cols);
  void (*backward)(const float* x, RowStatistics row, const float* weight, const std::byte* dy, Element dy_element,
                   float* dx, std::int64_t cols);
  // All rows, columns first .. first + count - 1.
  void (*weight_grad)(const ConstMatrix& x, const RowStatistics* rows, const ConstMatrix& dy, std::int64_t first,
                      std::int64_t count, float* weight_grad, float* bias_grad);
};

}  // namespace aacft
