// Everything that changes while a model computes: the memory of one computation, kept from pass to pass. Whoever
// computes holds one and hands it in; it may serve several models in turn, but one call at a time.
#pragma once

#include <cstdint>
#include <vector>

#include "aacft/model/workspace.h"

namespace aacft {

// How far positions turn. It grows with the longest text (rotary.h).
struct RotaryTable {
  std::vector<float> frequencies;  // [rotary dims / 2]
  std::int64_t positions = 0;      // 0 .. positions - 1 are there
  Buffer cos, sin;                 // fp32 [positions, rotary dims / 2]
};

struct ComputeContext {
  RotaryTable rotary;
  // Of a layer while its turn lasts, and of their gradients.
  Buffer normed, qkv, unnormed, attended, wide, gated;
  Buffer dnormed, dqkv, dattended, dgated;
  // fp32 [rows, rank] of one adapted linear after another: A x, and its gradient.
  Buffer low_rank, low_rank_gradient;
  // Of some of the rows before the head, and at it.
  Buffer head_input, head_normed, logits, dhead_normed;
  // The residual stream of a pass without gradients.
  Buffer stream;
};

}  // namespace aacft
