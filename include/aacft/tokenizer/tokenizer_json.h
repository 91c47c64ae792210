// tokenizer.json, the file of the tokenizers library.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "aacft/tokenizer/bpe_vocabulary.h"

namespace aacft {

// Whatever changes ids in the file and is not done here is an Error that names the file and the key. Truncation and
// padding are left to whoever makes batches.
BpeVocabulary read_tokenizer_json(const std::filesystem::path& file);

}  // namespace aacft
