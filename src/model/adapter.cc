#include "aacft/model/adapter.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "aacft/base/error.h"
#include "aacft/base/random.h"
#include "aacft/base/text.h"
#include "aacft/model/family.h"
#include "aacft/model/model.h"

namespace aacft {
namespace {

using torch::Tensor;

std::string known_endings(const Model& model) {
  std::vector<std::string> endings = target_endings(model.config());
  std::sort(endings.begin(), endings.end());
  return listed(endings);
}

}  // namespace

Adapter Adapter::create(const LoraConfig& wanted, const Model& model, std::uint64_t seed, const Warn& warn) {
  const at::NoGradGuard no_grad;
  Adapter adapter;
  adapter.config_ = with_targets(wanted, model.config());
  const LoraConfig& config = adapter.config_;
  const auto& targets = model.targets();
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const auto& [name, layer, role, part, out, in] = targets[i];
    if (!config.targets(name)) continue;
    auto module = std::make_unique<LoraModule>();
    module->name = name;
    module->scale = config.scale_of(name);
    module->dropout = config.dropout;
    const std::int64_t rank = config.rank_of(name);
    if (rank < 1) throw UsageError("the rank of an adapter must be 1 or more, not ", rank);
    module->a.value = torch::empty({rank, in});
    const RandomStream random(seed, Purpose::kAdapterInit, i);
    const float bound = 1.0f / std::sqrt(static_cast<float>(in));
    float* values = module->a.value.data_ptr<float>();
    for (std::int64_t k = 0; k < module->a.value.numel(); ++k)
      values[k] = (2.0f * random.uniform(static_cast<std::uint64_t>(k)) - 1.0f) * bound;
    module->b.value = torch::zeros({out, rank});
    if (config.dora) module->magnitude.value = dora_norm(model.linear(targets[i]), model.part(targets[i]), *module);
    adapter.modules_.push_back(std::move(module));
  }
  const std::string known = known_endings(model);
  if (adapter.modules_.empty()) throw UsageError("the target modules match nothing in this model; it has ", known);
  if (config.target_pattern.empty() && warn)
    for (const std::string& ending : config.target_modules)
      if (std::none_of(adapter.modules_.begin(), adapter.modules_.end(),
                       [&](const auto& m) { return ends_with_module(m->name, ending); }))
        warn("target module \"" + ending + "\" matches nothing in this model, which has " + known);
  adapter.fit(model);
  return adapter;
}

void Adapter::fit(const Model& model, const Warn& warn) {
  const auto& targets = model.targets();
  by_target_.assign(targets.size(), nullptr);
  for (const auto& module : modules_) {
    const auto at = std::find_if(targets.begin(), targets.end(), [&](const auto& t) { return t.name == module->name; });
    if (at == targets.end()) throw Error("the adapter is for another model: this one has no module ", module->name);
    const auto check = [&](const Tensor& tensor, const char* what, std::int64_t dim, std::int64_t wanted) {
      if (tensor.size(dim) != wanted)
        throw Error("the adapter is for another model: ", what, " of ", module->name, " has ", tensor.size(dim),
                    " where this model needs ", wanted);
    };
    check(module->a.value, "lora_A", 1, at->in);
    check(module->b.value, "lora_B", 0, at->out);
    if (module->dora()) check(module->magnitude.value, "lora_magnitude_vector", 0, at->out);
    module->target = static_cast<std::uint32_t>(at - targets.begin());
    by_target_[module->target] = module.get();
  }
  std::sort(modules_.begin(), modules_.end(), [](const auto& x, const auto& y) { return x->target < y->target; });
  for (std::size_t i = 0; i < targets.size(); ++i)
    if (by_target_[i] == nullptr && config_.targets(targets[i].name) && warn)
      warn("the adapter holds nothing for " + targets[i].name + " although its configuration targets it");
  refresh(model);
}

void Adapter::train() {
  for (const auto& module : modules_) {
    module->dropout = config_.dropout;
    module->train();
  }
}

void Adapter::refresh(const Model& model) {
  if (!config_.dora) return;
  for (const auto& module : modules_) {
    const AdapterTarget& target = model.targets()[module->target];
    module->norm = dora_norm(model.linear(target), model.part(target), *module);
  }
}

const LoraModule* Adapter::find(const std::string& name) const {
  for (const auto& module : modules_)
    if (module->name == name) return module.get();
  return nullptr;
}

std::vector<NamedParameter> Adapter::parameters() const {
  std::vector<NamedParameter> named;
  for (const auto& module : modules_) {
    const std::string prefix = "base_model.model." + module->name;
    named.push_back({prefix + ".lora_A.weight", &module->a});
    named.push_back({prefix + ".lora_B.weight", &module->b});
    if (module->dora()) named.push_back({prefix + ".lora_magnitude_vector", &module->magnitude});
  }
  return named;
}

std::int64_t Adapter::num_parameters() const {
  std::int64_t count = 0;
  for (const NamedParameter& named : parameters()) count += named.parameter->value.numel();
  return count;
}

}  // namespace aacft
