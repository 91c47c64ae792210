// Weights, and what is trained of them.
#pragma once

#include <torch/types.h>

#include <string>

namespace aacft {

// A weight as it rests in memory. `grad` is defined exactly where the weight is trained: fp32, of the value's shape.
// Operations add to it in place, row by row or sequence by sequence in the order of the step, so that no split into
// passes and no number of threads changes a bit of it. Like a tensor, it is a handle: what it refers to may be changed
// through a const one.
struct Parameter {
  torch::Tensor value;
  torch::Tensor grad;

  bool trained() const { return grad.defined(); }
};

// Makes it fp32, with a zero gradient.
void make_trained(Parameter& parameter);

// Under its name in files.
struct NamedParameter {
  std::string name;
  Parameter* parameter;
};

// Of a kind that the model's configuration says; undefined where a layer has none.
struct Norm {
  Parameter weight, bias;  // fp32 [size]; RMS norms have no bias
};

}  // namespace aacft
