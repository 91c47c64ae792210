#include "aacft/model/blocks/norm.h"

#include "aacft/kernels/norm.h"

namespace aacft {
namespace {

float eps_of(const ModelConfig& config) { return static_cast<float>(config.norm_eps); }

bool is_rms(const ModelConfig& config) { return config.norm == NormKind::kRmsNorm; }

const float* values(const Parameter& parameter) { return parameter.value.data_ptr<float>(); }

// Rows without heads.
template <typename M>
HeadsOf<M> whole(const M& x) {
  return {x, 1, x.cols};
}

}  // namespace

void norm_forward(const ModelConfig& config, const Norm& norm, const Matrix& x, const Matrix& y) {
  if (is_rms(config)) {
    rms_norm(whole(x), values(norm.weight), eps_of(config), whole(y));
  } else {
    layer_norm(x, values(norm.weight), values(norm.bias), eps_of(config), y);
  }
}

Matrix norm_forward(const BlockContext& c, const Norm& norm, const Matrix& x) {
  const Matrix y = c.memory.normed.get(x.rows, x.cols, c.element());
  norm_forward(c.config, norm, x, y);
  return y;
}

void norm_weight_backward(const ModelConfig& config, const Norm& norm, const Matrix& x, const Matrix& dy) {
  if (!norm.weight.trained()) return;
  if (is_rms(config)) {
    rms_norm_weight_grad(whole(x), eps_of(config), whole(dy), norm.weight.grad.data_ptr<float>());
  } else {
    layer_norm_weight_grad(x, eps_of(config), dy, norm.weight.grad.data_ptr<float>(), norm.bias.grad.data_ptr<float>());
  }
}

void norm_backward(const ModelConfig& config, const Norm& norm, const Matrix& x, const Matrix& dy, const Matrix& dx) {
  if (is_rms(config)) {
    rms_norm_backward(whole(x), values(norm.weight), eps_of(config), whole(dy), whole(dx), true);
  } else {
    layer_norm_backward(x, values(norm.weight), eps_of(config), dy, dx);
  }
}

}  // namespace aacft
