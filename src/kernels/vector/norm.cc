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

// ---- RMS norm ----

float rms_scale(const std::byte* x, Element x_element, float eps, std::int64_t cols) {
  Sum squares;
  for (std::int64_t i = 0; i < cols; i += kStep) {
    for (int part = 0; part < 4; ++part) {
      const Floats v = load(x, x_element, i + part * kWidth, cols);
      squares.parts[part] += v * v;
    }
  }
  return 1.0f / __builtin_sqrtf(total(squares) / static_cast<float>(cols) + eps);
}

void rms_norm(const std::byte* x, Element x_element, float scale, const float* weight, std::byte* y, Element y_element,
              std::int64_t cols) {
  for (std::int64_t i = 0; i < cols; i += kWidth)
    store(y, y_element, i, cols, load(x, x_element, i, cols) * scale * load(weight, i, cols));
}

// With g = dy * weight and n the normed row: (g - n * mean(g n)) * scale.
void rms_backward(const std::byte* x, Element x_element, float scale, const float* weight, const std::byte* dy,
                  Element dy_element, std::byte* dx, Element dx_element, bool accumulate, std::int64_t cols) {
  Sum products;
  for (std::int64_t i = 0; i < cols; i += kStep) {
    for (int part = 0; part < 4; ++part) {
      const std::int64_t at = i + part * kWidth;
      const Floats g = load(dy, dy_element, at, cols) * load(weight, at, cols);  // zeros past the end
      products.parts[part] += g * (load(x, x_element, at, cols) * scale);
    }
  }
  const float slope = total(products) / static_cast<float>(cols);
  for (std::int64_t i = 0; i < cols; i += kWidth) {
    const Floats g = load(dy, dy_element, i, cols) * load(weight, i, cols);
    const Floats normed = load(x, x_element, i, cols) * scale;
    const Floats before = accumulate ? load(dx, dx_element, i, cols) : Floats{};
    store(dx, dx_element, i, cols, before + (g - normed * slope) * scale);
  }
}

void rms_weight_grad(const ConstHeads& x, const float* scales, const ConstHeads& dy, std::int64_t first,
                     std::int64_t count, float* weight_grad) {
  const std::int64_t end = first + count;
  const Element x_element = x.first.element, dy_element = dy.first.element;
  for (std::int64_t i = 0; i < x.first.rows; ++i) {
    for (std::int64_t h = 0; h < x.count; ++h) {
      const float scale = *scales++;
      const std::byte *x_row = row_of(head_of(x, h), i), *dy_row = row_of(head_of(dy, h), i);
      for (std::int64_t c = first; c < end; c += kWidth) {
        const Floats normed = load(x_row, x_element, c, end) * scale;
        store(weight_grad, c, end, load(weight_grad, c, end) + load(dy_row, dy_element, c, end) * normed);
      }
    }
  }
}

}  // namespace

extern const NormTable norm_table = {statistics, layer_norm, backward,     weight_grad,
                                     rms_scale,  rms_norm,   rms_backward, rms_weight_grad};

}  // namespace aacft::AACFT_TIER
