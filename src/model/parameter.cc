#include "aacft/model/parameter.h"

#include <torch/types.h>

#include "aacft/base/error.h"

namespace aacft {
WeightType stored_type(const torch::Tensor& weight) {
  switch (weight.scalar_type()) {
    case torch::kFloat16: return WeightType::kFp16;
    case torch::kBFloat16: return WeightType::kBf16;
    default: return WeightType::kFp32;
  }
}

void make_trained(Parameter& parameter) {
  parameter.value = parameter.value.to(torch::kFloat32, false, true).contiguous();
  parameter.grad = torch::zeros_like(parameter.value);
}

void pack(Linear& linear, std::optional<WeightType> type) {
  const torch::Tensor& weight = linear.weight.value;
  const WeightType stored = stored_type(weight);
  linear.packed = PackedWeights::pack(weight.data_ptr(), stored, weight.size(0), weight.size(1), type.value_or(stored));
}

torch::Tensor weight_rows(const Linear& linear, std::int64_t first, std::int64_t count) {
  if (linear.packed.empty()) return linear.weight.value.narrow(0, first, count).to(torch::kFloat32);
  torch::Tensor rows = torch::empty({count, linear.in()});
  linear.packed.unpack(first, count, rows.data_ptr<float>());
  return rows;
}

}  // namespace aacft
