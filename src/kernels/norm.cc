#include "aacft/kernels/norm.h"

#include <vector>

#include "kernels/blocks.h"
#include "kernels/vector/norm.h"
#include "kernels/vector/table.h"

namespace aacft {

AACFT_DECLARE_TABLE(NormTable, norm_table)

namespace {

const float* fp32_row(const ConstMatrix& m, std::int64_t i) { return reinterpret_cast<const float*>(m.row(i)); }

// Runs body(row, head) for all, in parallel.
template <typename Body>
void for_each_head(const ConstHeads& x, const Body& body) {
  for_each_row(x.first.rows, x.count * x.first.cols, [&](std::int64_t i) {
    for (std::int64_t h = 0; h < x.count; ++h) body(i, h);
  });
}

}  // namespace

void layer_norm(const ConstMatrix& x, const float* weight, const float* bias, float eps, const Matrix& y) {
  const NormTable& table = AACFT_CHOOSE(norm_table);
  for_each_row(x.rows, x.cols, [&](std::int64_t i) {
    const RowStatistics statistics = table.statistics(fp32_row(x, i), eps, x.cols);
    table.layer_norm(fp32_row(x, i), statistics, weight, bias, y.row(i), y.element, x.cols);
  });
}

void layer_norm_backward(const ConstMatrix& x, const float* weight, float eps, const ConstMatrix& dy,
                         const Matrix& dx) {
  const NormTable& table = AACFT_CHOOSE(norm_table);
  for_each_row(x.rows, x.cols, [&](std::int64_t i) {
    const RowStatistics statistics = table.statistics(fp32_row(x, i), eps, x.cols);
    table.backward(fp32_row(x, i), statistics, weight, dy.row(i), dy.element, reinterpret_cast<float*>(dx.row(i)),
                   x.cols);
  });
}

void layer_norm_weight_grad(const ConstMatrix& x, float eps, const ConstMatrix& dy, float* weight_grad,
                            float* bias_grad) {
  const NormTable& table = AACFT_CHOOSE(norm_table);
  std::vector<RowStatistics> statistics(static_cast<std::size_t>(x.rows));
  for_each_row(x.rows, x.cols, [&](std::int64_t i) {
    statistics[static_cast<std::size_t>(i)] = table.statistics(fp32_row(x, i), eps, x.cols);
  });
  for_each_block(x.cols, 128, [&](std::int64_t first, std::int64_t count) {
    table.weight_grad(x, statistics.data(), dy, first, count, weight_grad, bias_grad);
  });
}

void rms_norm(const ConstHeads& x, const float* weight, float eps, const Heads& y) {
  const NormTable& table = AACFT_CHOOSE(norm_table);
  const Element x_element = x.first.element;
  const std::int64_t cols = x.first.cols;
  for_each_head(x, [&](std::int64_t i, std::int64_t h) {
    const std::byte* row = x[h].row(i);
    table.rms_norm(row, x_element, table.rms_scale(row, x_element, eps, cols), weight, y[h].row(i), y.first.element,
                   cols);
  });
}

void rms_norm_backward(const ConstHeads& x, const float* weight, float eps, const ConstHeads& dy, const Heads& dx,
                       bool accumulate) {
  const NormTable& table = AACFT_CHOOSE(norm_table);
  const Element x_element = x.first.element;
  const std::int64_t cols = x.first.cols;
  for_each_head(x, [&](std::int64_t i, std::int64_t h) {
    const std::byte* row = x[h].row(i);
    table.rms_backward(row, x_element, table.rms_scale(row, x_element, eps, cols), weight, dy[h].row(i),
                       dy.first.element, dx[h].row(i), dx.first.element, accumulate, cols);
  });
}

void rms_norm_weight_grad(const ConstHeads& x, float eps, const ConstHeads& dy, float* weight_grad) {
  const NormTable& table = AACFT_CHOOSE(norm_table);
  std::vector<float> scales(static_cast<std::size_t>(x.first.rows * x.count));
  for_each_head(x, [&](std::int64_t i, std::int64_t h) {
    scales[static_cast<std::size_t>(i * x.count + h)] =
        table.rms_scale(x[h].row(i), x.first.element, eps, x.first.cols);
  });
  // Narrow blocks: a head has few columns.
  for_each_block(x.first.cols, 32, [&](std::int64_t first, std::int64_t count) {
    table.rms_weight_grad(x, scales.data(), dy, first, count, weight_grad);
  });
}

}  // namespace aacft
