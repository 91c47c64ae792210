// What the blocks of a layer have in common.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "aacft/model/config.h"
#include "aacft/model/family.h"
#include "aacft/model/linear.h"
#include "aacft/model/ops.h"
#include "aacft/model/parameter.h"

namespace aacft {

// A layer's weights, by role.
struct Layer {
  std::array<Norm, kNormRoles> norms;
  std::array<Linear, kLinearRoles> linears;

  Norm& operator[](NormRole role) { return norms[static_cast<std::size_t>(role)]; }
  const Norm& operator[](NormRole role) const { return norms[static_cast<std::size_t>(role)]; }
  Linear& operator[](LinearRole role) { return linears[static_cast<std::size_t>(role)]; }
  const Linear& operator[](LinearRole role) const { return linears[static_cast<std::size_t>(role)]; }
};

struct BlockContext : OpContext {
  const ModelConfig& config;
  std::size_t layer = 0;  // whose turn it is
};

// Bytes a token that a block takes in a training pass: what footprint.cc sums.
struct BlockBytes {
  std::uint64_t kept = 0;                        // in a layer whose activations are kept, beyond `always`
  std::uint64_t always = 0;                      // in any layer that is trained
  std::uint64_t activations = 0, gradients = 0;  // in the context, while one layer's turn lasts
};

}  // namespace aacft
