// Weights, and the modules that own them.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <optional>

#include "aacft/kernels/packed_weights.h"

namespace aacft {

// A weight as it rests in memory. `grad` is defined exactly where the weight is trained: fp32, of the value's shape.
// Operations add to it in place, row by row or sequence by sequence in the order of the step, so that no split into
// passes and no number of threads changes a bit of it.
struct Parameter {
  torch::Tensor value;
  torch::Tensor grad;

  bool trained() const { return grad.defined(); }
};

// Makes it fp32, with a zero gradient.
void make_trained(Parameter& parameter);

struct LoraModule;

struct Linear {
  Parameter weight;  // [out, in]: the mapped file's own bytes where frozen, fp32 where trained
  Parameter bias;    // fp32 [out], or undefined
  LoraModule* lora = nullptr;
  PackedWeights packed;  // what products read where the weight is frozen

  std::int64_t in() const { return weight.value.size(1); }
  std::int64_t out() const { return weight.value.size(0); }
};

WeightType stored_type(const torch::Tensor& weight);

// Packs the weight as `type` (default: as stored); packed.finite() tells whether all of it is finite.
void pack(Linear& linear, std::optional<WeightType> type = {});

// fp32 [count, in]: rows of the weight as products see them.
torch::Tensor weight_rows(const Linear& linear, std::int64_t first, std::int64_t count);

struct LayerNorm {
  Parameter weight, bias;  // fp32 [hidden]
};

}  // namespace aacft
