// Causal self-attention of a layer: x -> q, k, v -> norms of q and k, in some families -> rotation -> attention ->
// output linear. Its input is normed, its output is added to the residual stream.
#pragma once

#include "aacft/model/block_context.h"

namespace aacft {

// What its gradient needs of its forward pass. log_sums is there for every pass with a state; the rest where kept.
struct AttentionState {
  Buffer log_sums;       // fp32 [tokens, heads]
  Buffer qkv, attended;  // rotated q, k, v; input of the output linear, where its gradient needs it
  Buffer unnormed;       // q and k before their norms, where they have any
  LinearState qkv_linear, output_linear;
};

// The input of the output linear, from x in the context's memory or, with `keep`, the state's. Appends to the pass's
// caches, if there are any. `state` may be null where no gradient will be asked for.
Matrix attention_forward(const BlockContext& context, const Layer& layer, const Matrix& normed, AttentionState* state,
                         bool keep);

// x += the output linear of that.
void attention_output(const BlockContext& context, const Layer& layer, const Matrix& attended, const Matrix& x,
                      AttentionState* state, bool keep);

// What the backward pass reads, kept or (from the block's normed input) computed again.
struct AttentionActivations {
  Matrix qkv, unnormed, attended;  // attended only where the gradient of the output linear needs its input
};
AttentionActivations attention_kept(const BlockContext& context, const AttentionState& state);
AttentionActivations attention_recompute(const BlockContext& context, const Layer& layer, const Matrix& normed,
                                         AttentionState& state);

// Of dx, the gradient of the block's output: into the gradients of the output linear and, where `further`, the gradient
// of `attended`, which is returned.
Matrix attention_output_backward(const BlockContext& context, const Layer& layer, const AttentionActivations& kept,
                                 const AttentionState& state, const Matrix& dx, bool further);

// Of that, into the gradients of the q, k, v linear and, where `further`, of its input, in *dnormed. `normed` gives the
// linear's input where needs_input().
void attention_backward(const BlockContext& context, const Layer& layer, const AttentionActivations& kept,
                        AttentionState& state, const Matrix& normed, const Matrix& dattended, const Matrix* dnormed);

// element: bytes of an activation; keeps_input: the gradient of the output linear needs its input.
BlockBytes attention_bytes(const ModelConfig& config, std::uint64_t element, bool keeps_input);

}  // namespace aacft
