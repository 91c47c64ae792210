// The leaf functions of normalisation.
#pragma once

#include "aacft/kernels/matrix.h"

namespace aacft {

struct RowStatistics {
  float mean, inverse_deviation;
};

struct NormTable {
  // Layer normalisation: one row.
  RowStatistics (*statistics)(const float* x, float eps, std::int64_t cols);
  void (*layer_norm)(const float* x, RowStatistics row, const float* weight, const float* bias, std::byte* y,
                     Element y_element, std::int64_t cols);
  void (*backward)(const float* x, RowStatistics row, const float* weight, const std::byte* dy, Element dy_element,
                   float* dx, std::int64_t cols);
  // All rows, columns first .. first + count - 1.
  void (*weight_grad)(const ConstMatrix& x, const RowStatistics* rows, const ConstMatrix& dy, std::int64_t first,
                      std::int64_t count, float* weight_grad, float* bias_grad);

  // RMS norm: one head of a row. scale: 1 / sqrt(mean of x^2 + eps).
  float (*rms_scale)(const std::byte* x, Element x_element, float eps, std::int64_t cols);
  void (*rms_norm)(const std::byte* x, Element x_element, float scale, const float* weight, std::byte* y,
                   Element y_element, std::int64_t cols);
  void (*rms_backward)(const std::byte* x, Element x_element, float scale, const float* weight, const std::byte* dy,
                       Element dy_element, std::byte* dx, Element dx_element, bool accumulate, std::int64_t cols);
  // All heads of all rows, columns first .. first + count - 1. scales: [rows, heads].
  void (*rms_weight_grad)(const ConstHeads& x, const float* scales, const ConstHeads& dy, std::int64_t first,
                          std::int64_t count, float* weight_grad);
};

}  // namespace aacft
