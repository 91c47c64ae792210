// Everything that changes while a model computes: the memory of one computation, kept from pass to pass. Whoever
// computes holds one and hands it in; it may serve several models in turn, but one call at a time.
#pragma once

#include "aacft/model/workspace.h"

namespace aacft {

struct ComputeContext {
  // Of a layer while its turn lasts, and of their gradients.
  Buffer normed, qkv, attended, wide, gated;
  Buffer dnormed, dqkv, dattended, dwide;
  // fp32 [rows, rank] of one adapted linear after another: A x, and its gradient.
  Buffer low_rank, low_rank_gradient;
  // Of some of the rows before the head, and at it.
  Buffer head_input, head_normed, logits, dhead_normed;
  // The residual stream of a pass without gradients.
  Buffer stream;
};

}  // namespace aacft
