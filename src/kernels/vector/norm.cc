#include "kernels/vector/norm.h"

#include "kernels/vector/simd.h"

namespace aacft::AACFT_TIER {
namespace {

constexpr std::int64_t kStep = 4 * kWidth;  // a vector for each part of a Sum

RowStatistics statistics(const float* x, float eps, std::int64_t cols) {
  Sum sum;
  for (std::int64_t i = 0; i < cols; i += kStep)
    for (int part = 0; part < 4; ++part) sum.parts[part] += load(x, i + part * kWidth, cols);
  const float mean = total(sum) / static_cast<float>(cols);
  Sum squares;
  for (std::int64_t i = 0; i < cols; i += kStep) {
    for (int part = 0; part < 4; ++part) {
      const std::int64_t at = i + part * kWidth;
      const Floats d = within(at, cols, load(x, at, cols) - mean);
      squares.parts[part] += d * d;
    }
  }
  return {mean, 1.0f / __builtin_sqrtf(total(squares) / static_cast<float>(cols) + eps)};
}

void layer_norm(const float* x, RowStatistics row, const float* weight, const float* bias, std::byte* y,
                Element y_element, std::int64_t cols) {
  for (std::int64_t i = 0; i < cols; i += kWidth) {
    const Floats normed = (load(x, i, cols) - row.mean) * row.inverse_deviation;
    store(y, y_element, i, cols, normed * load(weight, i, cols) + load(bias, i, cols));
  }
}

// With g = dy * weight and n the normed row: dx += (g - mean(g) - n * mean(g n)) / deviation.
void backward(const float* x, RowStatistics row, const float* weight, const std::byte* dy, Element dy_element,
              float* dx, std::int64_t cols) {
  Sum sum, products;
  for (std::int64_t i = 0; i < cols; i += kStep) {
    for (int part = 0; part < 4; ++part) {
      const std::int64_t at = i + part * kWidth;
      const Floats g = load(dy, dy_element, at, cols) * load(weight, at, cols);  // zeros past the end
      sum.parts[part] += g;
      products.parts[part] += g * ((load(x, at, cols) - row.mean) * row.inverse_deviation);
    }
  }
  const float mean = total(sum) / static_cast<float>(cols), slope = total(products) / static_cast<float>(cols);
  for (std::int64_t i = 0; i < cols; i += kWidth) {
    const Floats g = load(dy, dy_element, i, cols) * load(weight, i, cols);
    const Floats normed = (load(x, i, cols) - row.mean) * row.inverse_deviation;
    store(dx, i, cols, load(dx, i, cols) + ((g - mean) - normed * slope) * row.inverse_deviation);
  }
}

void weight_grad(const ConstMatrix& x, const RowStatistics* rows, const ConstMatrix& dy, std::int64_t first,
                 std::int64_t count, float* weight_grad, float* bias_grad) {
  const std::int64_t end = first + count;
  for (std::int64_t i = 0; i < x.rows; ++i) {
    const std::byte *x_row = row_of(x, i), *dy_row = row_of(dy, i);
    for (std::int64_t c = first; c < end; c += kWidth) {
      const Floats d = load(dy_row, dy.element, c, end);
      const Floats normed = (load(x_row, x.element, c, end) - rows[i].mean) * rows[i].inverse_deviation;
      store(weight_grad, c, end, load(weight_grad, c, end) + d * normed);
      store(bias_grad, c, end, load(bias_grad, c, end) + d);
    }
  }
}

}  // namespace

extern const NormTable norm_table = {statistics, layer_norm, backward, weight_grad};

}  // namespace aacft::AACFT_TIER
