// A low-rank adapter of one linear: LoRA (Hu et al. 2021), rsLoRA (Kalajdzievski 2023) and DoRA (Liu et al. 2024), with
// PEFT's semantics.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>

#include "aacft/model/linear.h"
#include "aacft/model/parameter.h"

namespace aacft {

// y += scale * B(A(dropout(x))); with DoRA, y = magnitude / ||W + scale BA|| * (W + scale BA) x + bias.
struct LoraModule {
  std::string name;          // of the module it adapts: "gpt_neox.layers.0.attention.query_key_value"
  std::uint32_t target = 0;  // that module's number in the model (family.h)
  Parameter a, b;            // fp32 [rank, in], [out, rank]
  Parameter magnitude;       // DoRA: fp32 [out]
  double scale = 1, dropout = 0;
  torch::Tensor norm;  // DoRA: ||W + scale BA|| by row, fp32 [out]; a constant for the gradient

  bool dora() const { return magnitude.value.defined(); }
  void train();  // gives all of it gradients
};

// fp32 [part.out]: the norms of the rows of W + scale BA. In parallel.
torch::Tensor dora_norm(const Linear& linear, const LinearPart& part, const LoraModule& module);

// fp32: some rows of the merged weight, W + scale BA or DoRA's, from those rows of W, the first of which is row
// `first`.
torch::Tensor merged_rows(const torch::Tensor& rows, const LoraModule& module, std::int64_t first);

}  // namespace aacft
