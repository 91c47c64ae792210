// What lies beside a tokenizer's file, and changes what it does.
#pragma once

#include <filesystem>
#include <memory>

#include "aacft/tokenizer/tokenizer.h"

namespace aacft {

// The tokenizer of `file`, with what Llama classes want: see Tokenizer::beginning(), and in a SentencePiece model's
// texts <s>, </s> and <unk>, or what the configuration calls them, are tokens.
std::unique_ptr<Tokenizer> configured(const std::filesystem::path& file, std::unique_ptr<Tokenizer> tokenizer);

}  // namespace aacft
