// The operations of a forward pass, with their gradients: the reference path, in plain libtorch operations.
// Activations are fp32 [rows, features], ragged (see pass.h). Gradients of weights go straight into Parameter::grad.
// The modules and the pass must outlive the graph.
#pragma once

#include <torch/types.h>

#include "aacft/model/config.h"
#include "aacft/model/lora.h"
#include "aacft/model/parameter.h"
#include "aacft/model/pass.h"

namespace aacft {

// x W^T + bias, and the adapter's part where one is attached.
torch::Tensor linear(const torch::Tensor& x, const Linear& module, const Pass& pass);

torch::Tensor layer_norm(const torch::Tensor& x, const LayerNorm& module, double eps, const Pass& pass);

torch::Tensor gelu(const torch::Tensor& x, Activation activation, const Pass& pass);

// fp32 [positions, rotary_dims] each: cos and sin of position * base^(-2i/d), both halves alike.
struct RotaryTable {
  torch::Tensor cos, sin;
};
RotaryTable make_rotary_table(const ModelConfig& config);

// Causal self-attention of every sequence. qkv: [rows, 3 * hidden], per head q | k | v. With caches in the pass, keys
// and values are appended to those of `layer`, and rows attend to all that came before.
torch::Tensor attention(const torch::Tensor& qkv, const RotaryTable& rotary, std::int64_t num_heads, const Pass& pass,
                        std::size_t layer);

// Matrix products with a weight in any stored type, widened block by block. No gradients are recorded.
torch::Tensor multiply_transposed(const torch::Tensor& x, const torch::Tensor& weight, const Pass& pass);  // x W^T
torch::Tensor multiply(const torch::Tensor& x, const torch::Tensor& weight, const Pass& pass);             // x W
// weight_grad += dy^T x, sequence by sequence.
void accumulate_weight_grad(torch::Tensor& weight_grad, const torch::Tensor& dy, const torch::Tensor& x, const Pass& pass);

// libtorch and BLAS on one thread each: all parallelism is parallel_for's. Called before the first operation.
void use_one_thread_per_operation();

}  // namespace aacft
