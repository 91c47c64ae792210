#include "aacft/model/parameter.h"

namespace aacft {

void make_trained(Parameter& parameter) {
  parameter.value = parameter.value.to(torch::kFloat32, false, true).contiguous();
  parameter.grad = torch::zeros_like(parameter.value);
}

}  // namespace aacft
