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
#include "aacft/model/lora.h"
#include "aacft/model/tensor_bridge.h"

namespace aacft {
namespace {

using nlohmann::json;
using torch::Tensor;

template <typename T>
T field(const json& object, const char* key, T otherwise, const std::string& where) {
  if (!object.contains(key) || object.at(key).is_null()) return otherwise;
  try {
    return object.at(key).get<T>();
  } catch (const json::exception&) {
    throw Error(where, ": \"", key, "\" has a value of the wrong type: ", object.at(key).dump());
  }
}

void refuse_if_set(const json& object, const char* key, const json& neutral, const std::string& where) {
  if (object.contains(key) && !object.at(key).is_null() && object.at(key) != neutral)
    throw Error(where, ": \"", key, "\" is ", object.at(key).dump(), ", which aacft does not support");
}

LoraConfig parse_config(const json& object, const std::string& where) {
  if (const auto type = field<std::string>(object, "peft_type", "", where); type != "LORA")
    throw Error(where, ": peft_type is \"", type, "\"; aacft reads LoRA adapters (\"LORA\")");
  refuse_if_set(object, "bias", "none", where);
  refuse_if_set(object, "modules_to_save", json::array(), where);
  refuse_if_set(object, "fan_in_fan_out", false, where);
  refuse_if_set(object, "lora_bias", false, where);
  refuse_if_set(object, "layer_replication", json::array(), where);
  refuse_if_set(object, "trainable_token_indices", json::array(), where);
  refuse_if_set(object, "target_parameters", json::array(), where);
  refuse_if_set(object, "use_qalora", false, where);
  refuse_if_set(object, "alora_invocation_tokens", json::array(), where);

  LoraConfig c;
  c.rank = field<std::int64_t>(object, "r", 8, where);
  c.alpha = field<double>(object, "lora_alpha", 8, where);
  c.dropout = field<double>(object, "lora_dropout", 0, where);
  c.rslora = field<bool>(object, "use_rslora", false, where);
  c.dora = field<bool>(object, "use_dora", false, where);
  c.rank_pattern = field<std::map<std::string, std::int64_t>>(object, "rank_pattern", {}, where);
  c.alpha_pattern = field<std::map<std::string, double>>(object, "alpha_pattern", {}, where);
  c.base_model = field<std::string>(object, "base_model_name_or_path", "", where);
  if (object.contains("target_modules") && object.at("target_modules").is_string()) {
    c.target_modules.clear();
    c.target_pattern = object.at("target_modules").get<std::string>();
  } else {
    c.target_modules = field<std::vector<std::string>>(object, "target_modules", {"query_key_value"}, where);
  }
  if (object.contains("layers_to_transform") && object.at("layers_to_transform").is_number_integer()) {
    c.layers = {{object.at("layers_to_transform").get<std::int64_t>()}};
  } else if (const auto layers = field<std::vector<std::int64_t>>(object, "layers_to_transform", {}, where); !layers.empty()) {
    c.layers = layers;
  }
  if (c.rank < 1) throw Error(where, ": \"r\" must be 1 or more, not ", c.rank);
  return c;
}

json to_json(const LoraConfig& c) {
  return {
      {"alpha_pattern", c.alpha_pattern},
      {"auto_mapping", nullptr},
      {"base_model_name_or_path", c.base_model},
      {"bias", "none"},
      {"fan_in_fan_out", false},
      {"inference_mode", true},
      {"init_lora_weights", true},
      {"layers_pattern", nullptr},
      {"layers_to_transform", c.layers ? json(*c.layers) : json(nullptr)},
      {"lora_alpha", c.alpha == std::floor(c.alpha) ? json(static_cast<std::int64_t>(c.alpha)) : json(c.alpha)},
      {"lora_dropout", c.dropout},
      {"modules_to_save", nullptr},
      {"peft_type", "LORA"},
      {"r", c.rank},
      {"rank_pattern", c.rank_pattern},
      {"revision", nullptr},
      {"target_modules", c.target_pattern.empty() ? json(c.target_modules) : json(c.target_pattern)},
      {"task_type", "CAUSAL_LM"},
      {"use_dora", c.dora},
      {"use_rslora", c.rslora},
  };
}

// "base_model.model.X.lora_A.weight" -> (X, "lora_A"); some versions put the adapter's name, "default", in between.
std::optional<std::pair<std::string, std::string>> split_key(std::string_view key) {
  constexpr std::string_view kPrefix = "base_model.model.";
  if (key.substr(0, kPrefix.size()) != kPrefix) return {};
  key.remove_prefix(kPrefix.size());
  for (const std::string_view kind : {"lora_A", "lora_B", "lora_magnitude_vector"}) {
    const std::size_t at = key.rfind("." + std::string(kind));
    if (at == std::string_view::npos) continue;
    const std::string_view rest = key.substr(at + 1 + kind.size());
    const bool bare = rest.empty() && kind == "lora_magnitude_vector";
    if (bare || rest == ".weight" || rest == ".default.weight") return {{std::string(key.substr(0, at)), std::string(kind)}};
  }
  return {};
}

void check_module(const LoraModule& m, const LoraConfig& config, const std::string& where) {
  const auto missing = [&](const char* what) { return Error(where, ": ", what, " of ", m.name, " is missing"); };
  if (!m.a.value.defined()) throw missing("lora_A");
  if (!m.b.value.defined()) throw missing("lora_B");
  if (config.dora && !m.dora()) throw missing("lora_magnitude_vector");
  if (!config.dora && m.dora()) throw Error(where, ": lora_magnitude_vector of ", m.name, " is there although use_dora is false");
  const std::int64_t rank = config.rank_of(m.name);
  if (m.a.value.dim() != 2 || m.b.value.dim() != 2 || m.a.value.size(0) != rank || m.b.value.size(1) != rank)
    throw Error(where, ": lora_A and lora_B of ", m.name, " have the shapes ", shape_text(m.a.value.sizes()), " and ",
                shape_text(m.b.value.sizes()), ", which do not fit the rank ", rank, " in adapter_config.json");
  if (m.dora() && m.magnitude.value.dim() != 1) throw Error(where, ": lora_magnitude_vector of ", m.name, " must have one dimension");
}

}  // namespace

Adapter Adapter::load(const std::filesystem::path& folder, const Warn& warn) {
  if (!std::filesystem::is_directory(folder))
    throw Error("no adapter folder ", folder, "; give one that holds adapter_config.json and adapter_model.safetensors");
  const auto config_path = folder / "adapter_config.json";
  if (!std::filesystem::exists(config_path))
    throw Error("no adapter in ", folder, ": adapter_config.json is missing",
                std::filesystem::exists(folder / "aacft-run.json") ? "; the run there is not finished: give one of its checkpoints, or finish it with aacft train --resume" : "");
  const json object = read_json_object(config_path);
  Adapter adapter;
  adapter.config_ = parse_config(object, config_path.string());

  const auto safetensors = folder / "adapter_model.safetensors", bin = folder / "adapter_model.bin";
  const auto take = [&](const std::vector<TensorView>& tensors, const std::string& where) {
    std::map<std::string, LoraModule*> by_name;
    for (const TensorView& tensor : tensors) {
      const auto key = split_key(tensor.name);
      if (!key) throw Error(where, ": tensor ", tensor.name, " does not belong to a LoRA adapter of linear layers");
      if (!is_weight_dtype(tensor.dtype)) throw Error(where, ": tensor ", tensor.name, " is of type ", dtype_name(tensor.dtype));
      if (const auto index = first_non_finite(tensor))
        throw Error(where, ": tensor ", tensor.name, " holds a value that is not finite, at index ", *index);
      LoraModule*& module = by_name[key->first];
      if (module == nullptr) {
        adapter.modules_.push_back(std::make_unique<LoraModule>());
        module = adapter.modules_.back().get();
        module->name = key->first;
      }
      (key->second == "lora_A" ? module->a : key->second == "lora_B" ? module->b : module->magnitude).value = widened_copy(tensor);
    }
    if (adapter.modules_.empty()) throw Error(where, ": no tensors of an adapter inside");
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
    throw Error("no adapter weights in ", folder, ": looked for adapter_model.safetensors and adapter_model.bin");
  }
  return adapter;
}

void Adapter::save(const std::filesystem::path& folder) const {
  make_folders(folder);
  std::vector<TensorView> tensors;
  for (const NamedParameter& named : const_cast<Adapter*>(this)->parameters())
    tensors.push_back(view_of(named.name, named.parameter->value));
  write_safetensors(folder / "adapter_model.safetensors", tensors);
  write_file_atomic(folder / "adapter_config.json", to_json(config_).dump(2) + "\n");
}

}  // namespace aacft
