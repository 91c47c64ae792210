// From tokens back to text, step by step.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "aacft/tokenizer/bpe_vocabulary.h"

namespace aacft {

// Every step but kBytes.
std::string decode_tokens(std::vector<std::string> tokens, std::span<const DecoderStep> steps);

}  // namespace aacft
