// A pass: whole sequences one after another, without padding. How a step is cut into passes never changes its result.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "aacft/base/random.h"

namespace aacft {

// Rotated keys and values of one sequence, for every layer.
struct KvCache {
  std::int64_t length = 0;                  // positions that are filled
  std::vector<torch::Tensor> keys, values;  // per layer: fp32 [heads, capacity, head_dim]
};

// Adapter dropout of a training step. The mask of a value is a function of (seed, step, sample, position, module).
struct DropoutKeys {
  std::uint64_t seed = 0, step = 0;
  std::vector<std::uint64_t> samples;  // per sequence: its place in the step
};

struct Pass {
  torch::Tensor ids;                           // int64 [rows]
  std::vector<std::int64_t> offsets = {0};     // sequence i has the rows offsets[i] .. offsets[i + 1]
  std::vector<KvCache*> caches;                // per sequence; empty: nothing is cached
  std::optional<DropoutKeys> dropout;          // absent: no dropout

  std::size_t sequences() const { return offsets.size() - 1; }
  std::int64_t rows() const { return offsets.back(); }
  std::int64_t length(std::size_t i) const { return offsets[i + 1] - offsets[i]; }
  // The rows of sequence i of a tensor with rows() rows.
  torch::Tensor part(const torch::Tensor& x, std::size_t i) const { return x.narrow(0, offsets[i], length(i)); }
};

Pass make_pass(std::span<const std::vector<std::int32_t>> sequences);

// Runs body(i) for every sequence, in parallel and without recording gradients. What the body computes depends on its
// sequence alone, so neither the other sequences of the pass nor the number of threads can change it.
void for_each_sequence(const Pass& pass, const std::function<void(std::size_t)>& body);

}  // namespace aacft
