// Loss and gradients of a pass, layer by layer.
#pragma once

#include <cstdint>
#include <vector>

#include "aacft/model/gpt_neox.h"

namespace aacft {

// What the rows of a pass should predict.
struct Targets {
  std::vector<std::int64_t> next;  // per row: the token after it; ignored where the weight is 0
  std::vector<float> weights;      // per row: the weight of its loss in the step
};

// loss += sum over rows of weight * -log p(next), row by row in double; per-row values go to *nll where it is given
// (0 where the weight is 0).
void add_loss(GptNeox& model, const Pass& pass, const Targets& targets, double& loss, std::vector<float>* nll = nullptr);

// The same, and adds the gradients of everything trained to Parameter::grad. The activations of the top `kept_layers`
// layers are kept from the forward pass; those of the others are computed again when their turn comes (gradient
// checkpointing by layer; Chen et al. 2016).
void add_gradients(GptNeox& model, const Pass& pass, const Targets& targets, std::size_t kept_layers, double& loss);

// An estimate, from shapes alone, of what a pass needs beyond the weights.
struct PassMemory {
  std::uint64_t per_row_kept = 0;        // bytes a row and kept layer
  std::uint64_t per_row_recomputed = 0;  // bytes a row and recomputed layer
  std::uint64_t per_row_working = 0;     // bytes a row, whatever is kept
  std::uint64_t fixed = 0;               // logits and widened blocks

  std::uint64_t total(std::int64_t rows, std::size_t kept, std::size_t recomputed) const {
    return fixed + static_cast<std::uint64_t>(rows) * (kept * per_row_kept + recomputed * per_row_recomputed + per_row_working);
  }
};
PassMemory estimate_pass_memory(const GptNeox& model, std::int64_t longest_row, bool full);

}  // namespace aacft
