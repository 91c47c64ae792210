// A GGUF file as a base model: what its keys and tensors mean (https://github.com/ggml-org/ggml, docs/gguf.md, and
// llama.cpp's gguf-py/gguf/constants.py).
#pragma once

#include <filesystem>

#include "aacft/formats/checkpoint.h"
#include "aacft/formats/gguf.h"
#include "aacft/model/config.h"

namespace aacft {

// Whether a path is such a file's rather than a model folder's.
bool is_gguf(const std::filesystem::path& path);

// Error names the file and the key: another architecture, a size that is missing or cannot be, a way of scaling
// positions that is not known.
ModelConfig read_gguf_config(const GgufFile& file);

// The tensors under the names that the family gives them, q, k and v in its order of rows.
Checkpoint open_gguf_checkpoint(const std::filesystem::path& path, const ModelConfig& config);

}  // namespace aacft
