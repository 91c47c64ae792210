#include "aacft/kernels/activation.h"

#include "kernels/blocks.h"
#include "kernels/vector/activation.h"
#include "kernels/vector/table.h"

namespace aacft {

AACFT_DECLARE_TABLE(ActivationTable, activation_table)

void gelu(const ConstMatrix& x, GeluKind kind, const Matrix& y) {
  const ActivationTable& table = AACFT_CHOOSE(activation_table);
  for_each_row(x.rows, x.cols,
               [&](std::int64_t i) { table.gelu(x.row(i), x.element, kind, y.row(i), y.element, x.cols); });
}

void gelu_backward(const ConstMatrix& x, GeluKind kind, const ConstMatrix& dy, const Matrix& dx) {
  const ActivationTable& table = AACFT_CHOOSE(activation_table);
  for_each_row(x.rows, x.cols, [&](std::int64_t i) {
    table.gelu_backward(x.row(i), x.element, kind, dy.row(i), dy.element, dx.row(i), dx.element, x.cols);
  });
}

void swiglu(const ConstMatrix& gate_up, const Matrix& y) {
  const ActivationTable& table = AACFT_CHOOSE(activation_table);
  for_each_row(y.rows, y.cols,
               [&](std::int64_t i) { table.swiglu(gate_up.row(i), gate_up.element, y.row(i), y.element, y.cols); });
}

void swiglu_backward(const ConstMatrix& gate_up, const ConstMatrix& dy, const Matrix& dgate_up) {
  const ActivationTable& table = AACFT_CHOOSE(activation_table);
  for_each_row(dy.rows, dy.cols, [&](std::int64_t i) {
    table.swiglu_backward(gate_up.row(i), gate_up.element, dy.row(i), dy.element, dgate_up.row(i), dgate_up.element,
                          dy.cols);
  });
}

}  // namespace aacft
