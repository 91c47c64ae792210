// Choosing the next token.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "aacft/generate/options.h"

namespace aacft {

// The next token for these logits. In the order of transformers: repetition penalty, temperature, top-k, top-p. Random
// draws are a function of (seed, stream, position). Ties go to the lowest id.
std::int32_t choose_token(std::span<const float> logits, std::span<const std::int32_t> previous,
                          const SamplingOptions& options, std::uint64_t stream, std::uint64_t position);

}  // namespace aacft
