// How a step is cut into passes: by memory alone.
#pragma once

#include <cstdint>

#include "aacft/model/backprop.h"
#include "aacft/train/options.h"

namespace aacft {

struct PassPlan {
  std::int64_t max_rows = 0;     // tokens in a pass; a longer row gets a pass of its own
  std::size_t kept_layers = 0;   // whose activations are kept (the others are recomputed)
};

// `budget`: bytes that a pass may use beyond weights. `longest`: tokens of the longest row. With auto, activations of as
// many layers are kept as fit a pass of useful size; smaller passes come before recomputing, since they cost less.
PassPlan plan_passes(const PassMemory& memory, std::size_t layers, std::int64_t longest, Recompute recompute, std::uint64_t budget);

}  // namespace aacft
