#include "aacft/kernels/norm.h"

#include <vector>

#include "kernels/blocks.h"
#include "kernels/vector/norm.h"
#include "kernels/vector/table.h"

namespace aacft {

AACFT_DECLARE_TABLE(NormTable, norm_table)

namespace {

const float* fp32_row(const ConstMatrix& m, std::int64_t i) { return reinterpret_cast<const float*>(m.row(i)); }

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

}  // namespace aacft
