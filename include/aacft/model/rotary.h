// Rotary positions (Su et al. 2021): by what angle each pair of a head's dimensions turns.
#pragma once

#include <torch/types.h>

#include <cstdint>

#include "aacft/model/compute_context.h"
#include "aacft/model/config.h"

namespace aacft {

// base^(-2i/d), scaled as the configuration says: fp32 [rotary_dims / 2], an odd number of dimensions rounded up.
torch::Tensor rotary_frequencies(const ModelConfig& config);

// The table then holds cos and sin of position * frequency for positions up to `last` at least. What it holds for one
// does not depend on how far it goes.
void extend(RotaryTable& table, const torch::Tensor& frequencies, std::int64_t last);

}  // namespace aacft
