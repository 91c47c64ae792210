#include "aacft/model/linear.h"

#include <algorithm>

namespace aacft {
namespace {

using torch::Tensor;

// One under the other; of a single one itself.
Tensor joined(const std::vector<Tensor>& tensors) { return tensors.size() == 1 ? tensors[0] : at::cat(tensors, 0); }

// The parts become views into the whole.
void share(Linear& linear, Parameter& whole, Parameter LinearPart::*part) {
  for (LinearPart& p : linear.parts) {
    (p.*part).value = whole.value.narrow(0, p.first, p.out);
    if (whole.trained()) (p.*part).grad = whole.grad.narrow(0, p.first, p.out);
  }
}

// As stored, [out, in].
Tensor stored_weight(const Linear& linear) {
  std::vector<Tensor> weights;
  for (const LinearPart& part : linear.parts) weights.push_back(part.weight.value);
  return joined(weights);
}

}  // namespace

Linear linear_of(std::vector<LinearPart> parts) {
  Linear linear;
  linear.parts = std::move(parts);
  linear.in = linear.parts[0].weight.value.size(1);
  std::vector<Tensor> biases;
  for (LinearPart& part : linear.parts) {
    part.first = linear.out;
    part.out = part.weight.value.size(0);
    linear.out += part.out;
    if (part.bias.value.defined()) biases.push_back(part.bias.value);
  }
  if (!biases.empty()) {
    linear.bias.value = joined(biases);
    share(linear, linear.bias, &LinearPart::bias);
  }
  return linear;
}

WeightType stored_type(const Tensor& weight) {
  switch (weight.scalar_type()) {
    case torch::kFloat16: return WeightType::kFp16;
    case torch::kBFloat16: return WeightType::kBf16;
    default: return WeightType::kFp32;
  }
}

PackedWeights packed_weight(const Linear& linear, std::optional<WeightType> type) {
  const Tensor weight = stored_weight(linear);
  const WeightType stored = stored_type(weight);
  return PackedWeights::pack(weight.data_ptr(), stored, linear.out, linear.in, type.value_or(stored));
}

void make_trained(Linear& linear) {
  linear.weight.value = stored_weight(linear);
  make_trained(linear.weight);
  share(linear, linear.weight, &LinearPart::weight);
  if (linear.bias.value.defined()) {
    make_trained(linear.bias);
    share(linear, linear.bias, &LinearPart::bias);
  }
  linear.packed = {};
}

Tensor weight_rows(const Linear& linear, std::int64_t first, std::int64_t count) {
  if (linear.packed.empty()) {
    std::vector<Tensor> pieces;
    for (const LinearPart& part : linear.parts) {
      const std::int64_t begin = std::max(first, part.first), end = std::min(first + count, part.first + part.out);
      if (begin < end) pieces.push_back(part.weight.value.narrow(0, begin - part.first, end - begin));
    }
    return joined(pieces).to(torch::kFloat32);
  }
  Tensor rows = torch::empty({count, linear.in});
  linear.packed.unpack(first, count, rows.data_ptr<float>());
  return rows;
}

}  // namespace aacft
