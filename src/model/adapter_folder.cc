// PEFT adapter folders.
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>
#include <string_view>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/formats/json.h"
#include "aacft/formats/safetensors.h"
#include "aacft/formats/torch_bin.h"
#include "aacft/model/adapter.h"
#include "aacft/model/mlx_adapter.h"
#include "aacft/model/tensor_bridge.h"

namespace aacft {
namespace {

using torch::Tensor;

void check_module(const LoraModule& m, const LoraConfig& config, const std::string& where) {
  const auto missing = [&](const char* what) { return Error(where, ": ", what, " of ", m.name, " is missing"); };
  if (!m.a.value.defined()) throw missing("lora_A");
  if (!m.b.value.defined()) throw missing("lora_B");
  if (config.dora && !m.dora()) throw missing("lora_magnitude_vector");
  if (!config.dora && m.dora())
    throw Error(where, ": lora_magnitude_vector of ", m.name, " is there although use_dora is false");
  const std::int64_t rank = config.rank_of(m.name);
  if (m.a.value.dim() != 2 || m.b.value.dim() != 2 || m.a.value.size(0) != rank || m.b.value.size(1) != rank)
    throw Error(where, ": lora_A and lora_B of ", m.name, " have the shapes ", shape_text(m.a.value.sizes()), " and ",
                shape_text(m.b.value.sizes()), ", which do not fit the rank ", rank, " in adapter_config.json");
  if (m.dora() && m.magnitude.value.dim() != 1)
    throw Error(where, ": lora_magnitude_vector of ", m.name, " must have one dimension");
}

}  // namespace

Adapter Adapter::load(const std::filesystem::path& folder, const Warn& warn) {
  if (!std::filesystem::is_directory(folder))
    throw Error("no adapter folder ", folder,
                "; give one that holds adapter_config.json and adapter_model.safetensors");
  const auto config_path = folder / "adapter_config.json";
  if (!std::filesystem::exists(config_path))
    throw Error(
        "no adapter in ", folder, ": adapter_config.json is missing",
        std::filesystem::exists(folder / "aacft-run.json")
            ? "; the run there is not finished: give one of its checkpoints, or finish it with aacft train --resume"
            : "");
  const nlohmann::ordered_json object = read_ordered_json_object(config_path);
  const bool mlx = is_mlx_config(object);
  Adapter adapter;
  adapter.config_ =
      mlx ? parse_mlx_config(object, config_path.string()) : parse_lora_config(object, config_path.string(), warn);

  const auto safetensors = folder / (mlx ? "adapters.safetensors" : "adapter_model.safetensors"),
             bin = folder / "adapter_model.bin";
  const auto take = [&](const std::vector<TensorView>& tensors, const std::string& where) {
    std::map<std::string, LoraModule*> by_name;
    for (const TensorView& tensor : tensors) {
      const auto key = mlx ? split_mlx_key(tensor.name) : split_adapter_key(tensor.name);
      if (!key) throw Error(where, ": tensor ", tensor.name, " does not belong to a LoRA adapter of linear layers");
      if (!is_weight_dtype(tensor.dtype))
        throw Error(where, ": tensor ", tensor.name, " is of type ", dtype_name(tensor.dtype));
      require_finite(tensor, where);
      LoraModule*& module = by_name[key->module];
      if (module == nullptr) {
        adapter.modules_.push_back(std::make_unique<LoraModule>());
        module = adapter.modules_.back().get();
        module->name = key->module;
      }
      Tensor value = widened_copy(tensor);
      if (mlx && value.dim() == 2) value = value.t().contiguous();
      (key->part == "lora_A" ? module->a : key->part == "lora_B" ? module->b : module->magnitude).value = value;
    }
    if (adapter.modules_.empty()) throw Error(where, ": no tensors of an adapter inside");
    if (LoraConfig& c = adapter.config_; c.target_modules.empty() && c.target_pattern.empty())
      for (const auto& module : adapter.modules_) c.target_modules.push_back(module->name);
    for (const auto& module : adapter.modules_) {
      check_module(*module, adapter.config_, where);
      module->scale = adapter.config_.scale_of(module->name);
      if (warn && !adapter.config_.targets(module->name))
        warn(where + ": " + module->name + " is adapted although adapter_config.json does not name it");
    }
  };
  if (std::filesystem::exists(safetensors)) {
    take(SafetensorsFile(safetensors).tensors(), safetensors.string());
  } else if (std::filesystem::exists(bin)) {
    take(TorchBinFile(bin).tensors(), bin.string());
  } else {
    throw Error("no adapter weights in ", folder, ": looked for ", safetensors.filename().string(), " and ",
                bin.filename().string());
  }
  return adapter;
}

void Adapter::save(const std::filesystem::path& folder) const {
  make_folders(folder);
  std::vector<TensorView> tensors;
  for (const NamedParameter& named : parameters()) tensors.push_back(view_of(named.name, named.parameter->value));
  write_file_atomic(folder / "adapter_config.json", to_json(config_).dump(2) + "\n");
  write_safetensors(folder / "adapter_model.safetensors", tensors);  // last: where it is, the adapter is whole
}

}  // namespace aacft
