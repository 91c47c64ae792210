// Keys of config.json and generation_config.json that no family reads. docs/formats.md has the table of all of them.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "aacft/base/warn.h"

namespace aacft {

// Error where a key of config.json asks for what aacft cannot compute: cross-attention, layers that differ, quantised
// weights.
void refuse_unsupported_keys(const nlohmann::json& config, const std::string& where);

// Tells of every key of a folder's config.json that aacft does not know, and so ignores. A GGUF file has none.
void warn_of_unknown_keys(const std::filesystem::path& model, const Warn& warn);

// Tells of what a folder's generation_config.json asks for and generation does not do by itself. As in transformers,
// one that is missing or cannot be read asks for nothing.
void warn_of_generation_config(const std::filesystem::path& model, const Warn& warn);

}  // namespace aacft
