#include "aacft/model/family.h"

#include <algorithm>

#include "aacft/base/error.h"

namespace aacft {

using Module = TensorPlace::Module;

const std::vector<const Family*>& families() {
  static const std::vector<const Family*> all = {&gpt_neox_family(), &llama_family(), &mistral_family(),
                                                 &qwen2_family(), &qwen3_family()};
  return all;
}

const Family* find_family(std::string_view model_type) {
  for (const Family* family : families())
    if (family->model_type == model_type) return family;
  return nullptr;
}

const Family& family_of(const ModelConfig& config) { return *find_family(config.model_type); }

std::string shape_names() {
  std::vector<std::string_view> names;
  for (const Family* family : families())
    for (const NamedShape& shape : family->shapes) names.push_back(shape.name);
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i)
    text += std::string(i == 0 ? "" : i + 1 < names.size() ? ", " : " or ") + std::string(names[i]);
  return text;
}

ModelConfig shape_named(std::string_view name) {
  for (const Family* family : families())
    for (const NamedShape& shape : family->shapes)
      if (shape.name == name) return shape.config;
  throw UsageError("--shape must be ", shape_names(), ", not ", name);
}

std::int64_t norm_size(const ModelConfig& c, NormRole role) {
  return role == NormRole::kQuery || role == NormRole::kKey ? c.head_dim() : c.hidden_size;
}

std::string embedding_tensor(const ModelConfig& config) { return std::string(family_of(config).embedding) + ".weight"; }

std::vector<ModelTensor> tensors_of(const ModelConfig& c) {
  const Family& family = family_of(c);
  std::vector<ModelTensor> tensors;
  const auto add_norm = [&](std::string_view name, std::int64_t size, TensorPlace place) {
    tensors.push_back({std::string(name) + ".weight", {size}, place});
    place.bias = true;
    if (c.norm == NormKind::kLayerNorm) tensors.push_back({std::string(name) + ".bias", {size}, place});
  };
  tensors.push_back({embedding_tensor(c), {c.vocab_size, c.hidden_size}, {Module::kEmbedding}});
  for (std::size_t l = 0; l < static_cast<std::size_t>(c.num_layers); ++l) {
    const LayerShape layer = family.layer(c, static_cast<std::int64_t>(l));
    for (std::size_t role = 0; role < kNormRoles; ++role)
      if (!layer.norms[role].empty())
        add_norm(layer.norms[role], norm_size(c, static_cast<NormRole>(role)), {Module::kNorm, l, role});
    for (std::size_t role = 0; role < kLinearRoles; ++role) {
      const LinearShape& linear = layer.linears[role];
      for (std::size_t part = 0; part < linear.parts.size(); ++part) {
        const PartShape& p = linear.parts[part];
        tensors.push_back({p.name + ".weight", {p.out, linear.in}, {Module::kLinear, l, role, part}});
        if (linear.bias) tensors.push_back({p.name + ".bias", {p.out}, {Module::kLinear, l, role, part, true}});
      }
    }
  }
  add_norm(family.final_norm, c.hidden_size, {Module::kFinalNorm});
  if (!c.tied_embeddings)
    tensors.push_back({std::string(family.head) + ".weight", {c.vocab_size, c.hidden_size}, {Module::kHead}});
  return tensors;
}

std::vector<AdapterTarget> adapter_targets(const ModelConfig& c) {
  std::vector<AdapterTarget> targets;
  for (std::size_t l = 0; l < static_cast<std::size_t>(c.num_layers); ++l) {
    const LayerShape layer = family_of(c).layer(c, static_cast<std::int64_t>(l));
    for (std::size_t role = 0; role < kLinearRoles; ++role)
      for (std::size_t part = 0; part < layer.linears[role].parts.size(); ++part) {
        const PartShape& p = layer.linears[role].parts[part];
        targets.push_back({p.name, l, static_cast<LinearRole>(role), part, p.out, layer.linears[role].in});
      }
  }
  return targets;
}

std::vector<std::string> target_endings(const ModelConfig& config) {
  std::vector<std::string> endings;
  for (const LinearShape& linear : family_of(config).layer(config, 0).linears)
    for (const PartShape& part : linear.parts) endings.push_back(part.name.substr(part.name.rfind('.') + 1));
  return endings;
}

}  // namespace aacft
