// Special tokens in a text, for tokenizers that do not look for them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "aacft/tokenizer/tokenizer.h"

namespace aacft {

// As `inner`, but these pieces are tokens where they stand in a text, and what is between them is encoded by itself:
// as transformers does for a SentencePiece model.
std::unique_ptr<Tokenizer> with_special_pieces(std::unique_ptr<Tokenizer> inner,
                                               const std::vector<std::string>& pieces);

}  // namespace aacft
