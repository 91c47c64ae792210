// An adapter folder, as far as it is read without torch: its configuration, the tensors' names, and what both say
// together.
#include <cmath>

#include "aacft/base/file.h"
#include "aacft/formats/json.h"
#include "aacft/formats/safetensors.h"
#include "aacft/model/lora_config.h"
#include "fuzz/folder.h"

void aacft::fuzz::run(std::string_view input) {
  const fs::path folder = write_folder(input);
  const LoraConfig config =
      parse_lora_config(read_ordered_json_object(folder / "adapter_config.json"), "adapter_config.json");
  require(config.rank >= 1, "a rank is positive");
  require(to_json(parse_lora_config(to_json(config), "again")) == to_json(config), "read(write(x)) == x");
  for (const char* name : {"gpt_neox.layers.0.attention.query_key_value", "gpt_neox.layers.11.mlp.dense_h_to_4h"}) {
    config.targets(name);
    require(config.rank_of(name) >= 1 && std::isfinite(config.scale_of(name)), "every module has a rank and a scale");
  }
  const SafetensorsFile file(folder / "adapter_model.safetensors");
  for (const TensorView& tensor : file.tensors())
    if (const auto key = split_adapter_key(tensor.name)) {
      require(tensor.name.find(key->module) != std::string::npos, "a module's name is part of its tensors'");
      config.targets(key->module);
      config.scale_of(key->module);
    }
}
