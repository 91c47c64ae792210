// Weights, and the modules that own them.
#pragma once

#include <torch/types.h>

#include <memory>

namespace aacft {

// A weight as it rests in memory. `grad` is defined exactly where the weight is trained: fp32, of the value's shape.
// Operations add to it in place, sequence by sequence in the order of the step, so that no split into passes and no
// number of threads changes a bit of it.
struct Parameter {
  torch::Tensor value;
  torch::Tensor grad;

  bool trained() const { return grad.defined(); }
};

// Makes it fp32, with a zero gradient.
void make_trained(Parameter& parameter);

struct LoraModule;

struct Linear {
  Parameter weight;  // [out, in], fp32, fp16 or bf16 as stored
  Parameter bias;    // fp32 [out], or undefined
  LoraModule* lora = nullptr;

  std::int64_t in() const { return weight.value.size(1); }
  std::int64_t out() const { return weight.value.size(0); }
};

struct LayerNorm {
  Parameter weight, bias;  // fp32 [hidden]
};

}  // namespace aacft
