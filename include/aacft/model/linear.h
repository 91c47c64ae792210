// A linear as one product, whatever number of modules a checkpoint makes of it.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "aacft/formats/tensor.h"
#include "aacft/kernels/packed_weights.h"
#include "aacft/model/parameter.h"

namespace aacft {

// Of a linear that no adapter can target: the head.
constexpr std::uint32_t kNoTarget = 0xffffffff;

// Some neighbouring outputs that have names of their own in checkpoints and for adapters.
struct LinearPart {
  std::int64_t first = 0, out = 0;
  std::uint32_t target = kNoTarget;  // its number among the model's adapter targets (family.h)
  // [out, in]: the mapped file's own bytes where frozen, fp32 where trained. Where the file has it in another form,
  // `stored` is that, and the value, until it is trained, has only the shape.
  Parameter weight;
  const TensorView* stored = nullptr;
  Parameter bias;  // fp32 [out], or none
};

struct Linear {
  std::int64_t in = 0, out = 0;
  std::vector<LinearPart> parts;  // in the order of the outputs
  Parameter bias;                 // fp32 [out], or undefined: those of the parts are views into it
  Parameter weight;               // trained, fp32 [out, in]: those of the parts are views into it; else undefined
  PackedWeights packed;           // frozen: what products read

  bool trained() const { return weight.trained(); }
};

// From the parts' weights and biases: sets first, in, out and bias.
Linear linear_of(std::vector<LinearPart> parts);

WeightType stored_type(const torch::Tensor& weight);

// A value of that shape for a weight that rests in another form.
torch::Tensor shape_alone(const std::vector<std::int64_t>& shape);

// Packs the frozen weight as `type` (default: as stored); packed.finite() tells whether all of it is finite.
PackedWeights packed_weight(const Linear& linear, std::optional<WeightType> type = {});

// The weight becomes fp32 with a gradient, and nothing is packed.
void make_trained(Linear& linear);

// fp32 [count, in]: rows of the weight as products see them.
torch::Tensor weight_rows(const Linear& linear, std::int64_t first, std::int64_t count);

}  // namespace aacft
