// How a step is cut into passes: by memory alone.
#pragma once

#include <cstdint>

#include "aacft/model/footprint.h"
#include "aacft/train/options.h"
#include "aacft/train/run_data.h"

namespace aacft {

// Below this many tokens, a pass spends its time on reading weights.
constexpr std::int64_t kUsefulPassTokens = 512;
// With shared beginnings, passes are cut at this many tokens: a constant, since it decides how sums are ordered.
constexpr std::int64_t kSharedPassTokens = 768;

struct PassPlan {
  std::int64_t max_tokens = 0;  // in a pass; a longer sample gets one of its own
  std::size_t kept_layers = 0;  // whose activations are kept (the others are recomputed)
  bool fits = true;             // the smallest pass there is fits the budget
};

// `budget`: bytes that a pass may use beyond weights. `longest`: tokens of the longest sample. With auto, activations
// of as many layers are kept as fit a pass of `wanted` tokens; smaller passes come before recomputing, since they cost
// less.
PassPlan plan_passes(const PassMemory& memory, std::size_t layers, std::int64_t wanted, std::int64_t longest,
                     Recompute recompute, std::uint64_t budget);

// The same for a run.
PassPlan plan_passes(const TrainOptions& options, const PassMemory& memory, const RunInput& input,
                     std::uint64_t budget);

// Whether beginnings that samples share are computed once. Not with --full, which sums weight gradients by sequence.
bool shares_prefixes(const TrainOptions& options);

// Bytes that the whole process may take: what --memory-budget says, or most of what is free.
std::uint64_t memory_budget(const TrainOptions& options);

}  // namespace aacft
