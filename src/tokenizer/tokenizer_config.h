// What a folder's tokenizer_config.json says about the tokens around a text.
#pragma once

#include <filesystem>

#include "aacft/tokenizer/tokenizer.h"

namespace aacft {

// See Tokenizer::beginning(). `has_template`: the tokenizer's file has a post-processor to speak of, which counts
// unless the configuration says otherwise.
void apply_tokenizer_config(const std::filesystem::path& folder, bool has_template, Tokenizer& tokenizer);

}  // namespace aacft
