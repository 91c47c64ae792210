// Adapters that mlx-lm wrote: adapter_config.json with "lora_parameters", and adapters.safetensors, whose matrices are
// the transposes of PEFT's and whose modules have mlx-lm's names.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "aacft/model/lora_config.h"

namespace aacft {

bool is_mlx_config(const nlohmann::ordered_json& object);

// Error names `where` and the key. target_modules is left empty: the tensors tell.
LoraConfig parse_mlx_config(const nlohmann::ordered_json& object, const std::string& where);

// As split_adapter_key, with the model's own name of the module.
std::optional<AdapterKey> split_mlx_key(std::string_view key);

}  // namespace aacft
