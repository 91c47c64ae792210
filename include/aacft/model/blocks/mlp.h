// The feed-forward network of a layer: normed x -> input linear (in some families of two parts, gate and up) ->
// activation -> output linear, added to the residual stream.
#pragma once

#include "aacft/model/block_context.h"

namespace aacft {

// What its gradient needs of its forward pass, where kept.
struct MlpState {
  Buffer wide;  // input of the activation
  LinearState input_linear, output_linear;
};

// x += the block of `normed`. With `keep`, the state keeps what the gradient needs.
void mlp_forward(const BlockContext& context, const Layer& layer, const Matrix& normed, const Matrix& x,
                 MlpState* state, bool keep);

// The input of the activation, kept or (from the block's normed input) computed again.
Matrix mlp_kept(const BlockContext& context, const MlpState& state);
Matrix mlp_recompute(const BlockContext& context, const Layer& layer, const Matrix& normed, MlpState& state);

// Of dx, the gradient of the block's output: into the gradients of both linears, and into dnormed, the gradient of its
// input. `wide` is spoilt. `normed` gives that input where needs_input().
void mlp_backward(const BlockContext& context, const Layer& layer, const Matrix& wide, const MlpState& state,
                  const Matrix& normed, const Matrix& dx, const Matrix& dnormed);

// element: bytes of an activation.
BlockBytes mlp_bytes(const ModelConfig& config, std::uint64_t element);

}  // namespace aacft
