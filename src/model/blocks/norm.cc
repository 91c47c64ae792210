#include "aacft/model/blocks/norm.h"

#include "aacft/kernels/norm.h"

namespace aacft {
namespace {

float eps_of(const ModelConfig& config) { return static_cast<float>(config.layer_norm_eps); }

}  // namespace

void norm_forward(const ModelConfig& config, const Norm& norm, const Matrix& x, const Matrix& y) {
  layer_norm(x, norm.weight.value.data_ptr<float>(), norm.bias.value.data_ptr<float>(), eps_of(config), y);
}

Matrix norm_forward(const BlockContext& c, const Norm& norm, const Matrix& x) {
  const Matrix y = c.memory.normed.get(x.rows, x.cols, c.element());
  norm_forward(c.config, norm, x, y);
  return y;
}

void norm_weight_backward(const ModelConfig& config, const Norm& norm, const Matrix& x, const Matrix& dy) {
  if (norm.weight.trained())
    layer_norm_weight_grad(x, eps_of(config), dy, norm.weight.grad.data_ptr<float>(), norm.bias.grad.data_ptr<float>());
}

void norm_backward(const ModelConfig& config, const Norm& norm, const Matrix& x, const Matrix& dy, const Matrix& dx) {
  layer_norm_backward(x, norm.weight.value.data_ptr<float>(), eps_of(config), dy, dx);
}

}  // namespace aacft
