// One transformer layer of GPT-NeoX, forward and backward, by hand: what is kept and what is computed again is decided
// here and nowhere else.
#pragma once

#include <cstddef>

#include "aacft/model/config.h"
#include "aacft/model/ops.h"
#include "aacft/model/parameter.h"
#include "aacft/model/pass.h"
#include "aacft/model/workspace.h"

namespace aacft {

struct Layer {
  LayerNorm input_layernorm, post_attention_layernorm;
  Linear query_key_value, dense, dense_h_to_4h, dense_4h_to_h;
};

// Memory that every layer uses for itself while its turn lasts.
struct LayerScratch {
  Buffer normed, qkv, attended, wide, gated;
  Buffer dnormed, dqkv, dattended, dwide;
};

// What all layers of a pass have in common.
struct LayerContext {
  const ModelConfig& config;
  const RotaryTable& rotary;
  Compute compute;
  const Pass& pass;
  LayerScratch& scratch;

  // Activations rest in this type; the residual stream and its gradient are always fp32.
  Element element() const { return compute == Compute::kBf16 ? Element::kBf16 : Element::kFp32; }
};

// What a layer's gradient needs of its forward pass; footprint.cc counts it. x, h and log_sums are always kept; the
// rest only where `kept`, else recompute_layer() makes it again.
struct LayerState {
  Buffer x, h, log_sums;  // input; input of the second norm (sequential residual only); of attention
  bool kept = false;
  Buffer qkv, attended, wide;  // rotated q, k, v; input of dense, where its gradient needs it; input of gelu
  LinearState states[4];       // of the four linears, in the order of Layer
};

// x, fp32 [rows, hidden], becomes the layer's output. Appends to the pass's caches, if there are any. `state` may be
// null where no gradient will be asked for.
void layer_forward(const LayerContext& context, std::size_t index, const Layer& layer, const Matrix& x,
                   LayerState* state, bool keep);

// dx, fp32 [rows, hidden], the gradient of the layer's output, becomes that of its input (where `below`; else it is
// spoilt). Adds to the gradients of what the layer trains.
void layer_backward(const LayerContext& context, std::size_t index, Layer& layer, LayerState& state, const Matrix& dx,
                    bool below);

}  // namespace aacft
