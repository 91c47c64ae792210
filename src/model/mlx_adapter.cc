#include "aacft/model/mlx_adapter.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "aacft/base/error.h"
#include "aacft/model/family.h"

namespace aacft {

using nlohmann::ordered_json;

bool is_mlx_config(const ordered_json& object) {
  return !object.contains("peft_type") && object.contains("lora_parameters") &&
         object.at("lora_parameters").is_object();
}

// The same values under PEFT's keys, so that they are checked in one place.
LoraConfig parse_mlx_config(const ordered_json& object, const std::string& where) {
  const ordered_json type = object.value("fine_tune_type", ordered_json("lora"));
  if (type != "lora" && type != "dora")
    throw Error(where, ": \"fine_tune_type\" is ", type.dump(), "; aacft reads mlx-lm's \"lora\" and \"dora\"");
  const ordered_json& parameters = object.at("lora_parameters");
  ordered_json peft = {{"peft_type", "LORA"}, {"target_modules", ordered_json::array()}, {"use_dora", type == "dora"}};
  for (const auto& [theirs, key] : {std::pair{"rank", "r"}, {"scale", "lora_alpha"}, {"dropout", "lora_dropout"}})
    if (parameters.contains(theirs)) peft[key] = parameters.at(theirs);
  if (object.contains("model")) peft["base_model_name_or_path"] = object.at("model");
  for (const char* key : {"r", "lora_alpha"})
    if (!peft.contains(key)) throw Error(where, ": \"lora_parameters\" must have rank and scale");
  LoraConfig config = parse_lora_config(peft, where);
  config.alpha *= static_cast<double>(config.rank);  // what is scaled by there is alpha / rank here
  return config;
}

std::optional<AdapterKey> split_mlx_key(std::string_view key) {
  for (const auto& [ending, part] :
       {std::pair{".lora_a", "lora_A"}, {".lora_b", "lora_B"}, {".m", "lora_magnitude_vector"}}) {
    if (!key.ends_with(ending)) continue;
    std::string module(key.substr(0, key.size() - std::string_view(ending).size()));
    for (const Family* family : families())
      if (module.starts_with(family->mlx_layers)) {
        module.replace(0, family->mlx_layers.size(), family->layers);
        break;
      }
    return AdapterKey{std::move(module), part};
  }
  return {};
}

}  // namespace aacft
