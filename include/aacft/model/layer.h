// A transformer layer: two blocks around the residual stream, forward and backward. What is kept for the gradient and
// what is computed again is decided here.
#pragma once

#include "aacft/model/blocks/attention.h"
#include "aacft/model/blocks/mlp.h"

namespace aacft {

// What a layer's gradient needs of its forward pass; layer_bytes() counts it. x, h and attention's log_sums are always
// kept; the rest only where `kept`, else it is computed again.
struct LayerState {
  Buffer x, h;  // input; input of the second norm (sequential residual only)
  bool kept = false;
  AttentionState attention;
  MlpState mlp;
};

// x, fp32 [tokens, hidden], becomes the layer's output. Appends to the pass's caches, if there are any. `state` may be
// null where no gradient will be asked for.
void layer_forward(const BlockContext& context, const Layer& layer, const Matrix& x, LayerState* state, bool keep);

// dx, fp32 [tokens, hidden], the gradient of the layer's output, becomes that of its input (where `below`; else it is
// spoilt). Adds to the gradients of what the layer and its adapters train.
void layer_backward(const BlockContext& context, const Layer& layer, LayerState& state, const Matrix& dx, bool below);

// Whether anything of the layer, or an adapter of it, is trained.
bool trains(const Layer& layer, const Pass& pass);

// element: bytes of an activation; keeps_attended: the gradient of attention's output linear needs its input.
BlockBytes layer_bytes(const ModelConfig& config, std::uint64_t element, bool keeps_attended);

}  // namespace aacft
