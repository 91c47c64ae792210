#include "aacft/model/linear.h"

#include <algorithm>

#include "aacft/formats/block_encoding.h"
#include "aacft/model/tensor_bridge.h"

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
  for (const LinearPart& part : linear.parts)
    weights.push_back(part.stored != nullptr ? resident_tensor(*part.stored) : part.weight.value);
  return joined(weights);
}

bool is_plain(const Linear& linear) {
  return std::none_of(linear.parts.begin(), linear.parts.end(),
                      [](const LinearPart& part) { return part.stored != nullptr; });
}

// Rows of the whole, from parts in any form.
void read_parts(const Linear& linear, std::int64_t first, std::int64_t count, float* rows) {
  for (const LinearPart& part : linear.parts) {
    const std::int64_t begin = std::max(first, part.first), end = std::min(first + count, part.first + part.out);
    if (begin >= end) continue;
    float* to = rows + (begin - first) * linear.in;
    if (part.stored != nullptr) {
      read_rows(*part.stored, begin - part.first, end - begin, to);
    } else {
      read_rows(view_of("", part.weight.value), begin - part.first, end - begin, to);
    }
  }
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

Tensor shape_alone(const std::vector<std::int64_t>& shape) { return torch::zeros({1, 1}).expand(shape); }

PackedWeights packed_weight(const Linear& linear, std::optional<WeightType> type) {
  if (!is_plain(linear)) {
    const auto read = [&](std::int64_t first, std::int64_t count, float* rows) {
      read_parts(linear, first, count, rows);
    };
    return PackedWeights::pack(read, linear.out, linear.in, type.value_or(WeightType::kFp32));
  }
  const Tensor weight = stored_weight(linear);
  const WeightType stored = stored_type(weight);
  return PackedWeights::pack(weight.data_ptr(), stored, linear.out, linear.in, type.value_or(stored));
}

void make_trained(Linear& linear) {
  linear.weight.value = stored_weight(linear);
  for (LinearPart& part : linear.parts) part.stored = nullptr;
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
