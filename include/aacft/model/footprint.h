// What a model and a training pass take in memory, from shapes alone: the one place that knows, for the planning of
// passes and for `aacft plan`.
#pragma once

#include <cstdint>

#include "aacft/formats/tensor.h"
#include "aacft/model/config.h"
#include "aacft/model/lora_config.h"
#include "aacft/model/model_options.h"

namespace aacft {

// What a pass needs beyond the weights.
struct PassMemory {
  std::uint64_t per_token_kept = 0;        // bytes a token and kept layer
  std::uint64_t per_token_recomputed = 0;  // bytes a token and recomputed layer
  std::uint64_t per_token_working = 0;     // bytes a token, whatever is kept
  std::uint64_t fixed = 0;                 // logits, working space

  std::uint64_t total(std::int64_t tokens, std::size_t kept, std::size_t recomputed) const {
    return fixed + static_cast<std::uint64_t>(tokens) *
                       (kept * per_token_kept + recomputed * per_token_recomputed + per_token_working);
  }
};

struct Footprint {
  std::uint64_t weights = 0;  // resident once the model is loaded
  std::uint64_t trained = 0;  // parameters that are trained, their gradients and moments
  PassMemory pass;
};

// lora: null where every weight is trained. stored: the checkpoint's type.
Footprint footprint(const ModelConfig& config, const LoraConfig* lora, const ModelOptions& options, Dtype stored);

}  // namespace aacft
