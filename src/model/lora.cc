#include "aacft/model/lora.h"

#include <sys/mman.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "aacft/base/error.h"
#include "aacft/base/random.h"
#include "aacft/base/text.h"
#include "aacft/base/threads.h"
#include "aacft/model/gpt_neox.h"

namespace aacft {
namespace {

using torch::Tensor;

// Rows of a weight that are widened at a time, a constant so that results do not depend on the threads.
constexpr std::int64_t kRows = 256;

std::string endings_of(const std::vector<NamedLinear>& linears) {
  std::set<std::string> endings;
  for (const auto& linear : linears) endings.insert(linear.name.substr(linear.name.rfind('.') + 1));
  std::string text;
  for (const auto& ending : endings) text += (text.empty() ? "" : ", ") + ending;
  return text;
}

}  // namespace

void LoraModule::train() {
  make_trained(a);
  make_trained(b);
  if (dora()) make_trained(magnitude);
}

namespace {

// Where OpenBLAS gets no memory for its buffers, it asks for ever.
void require_room_for_blas() {
  constexpr std::size_t kBuffers = std::size_t{512} << 20;
  static const bool room = [] {
    void* const tried = ::mmap(nullptr, kBuffers, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return tried != MAP_FAILED && ::munmap(tried, kBuffers) == 0;
  }();
  if (!room)
    throw Error("the limit on this process's address space (ulimit -v) leaves no room for matrix products; it must be ",
                human_bytes(kBuffers), " larger");
}

// fp32: rows first .. of W + scale BA, given those rows of W.
Tensor plain_merged_rows(const Tensor& rows, const LoraModule& module, std::int64_t first) {
  require_room_for_blas();
  const Tensor delta = at::mm(module.b.value.narrow(0, first, rows.size(0)), module.a.value);
  return delta.mul_(module.scale).add_(rows.to(torch::kFloat32));
}

}  // namespace

Tensor merged_rows(const Tensor& rows, const LoraModule& module, std::int64_t first) {
  const at::NoGradGuard no_grad;
  Tensor merged = plain_merged_rows(rows, module, first);
  if (module.dora())
    merged.mul_((module.magnitude.value.narrow(0, first, rows.size(0)) / merged.norm(2, 1)).unsqueeze(1));
  return merged;
}

Tensor dora_norm(const Linear& linear, const LoraModule& module) {
  Tensor norm = torch::empty({linear.out()});
  const std::int64_t blocks = (linear.out() + kRows - 1) / kRows;
  parallel_for(static_cast<std::size_t>(blocks), [&](std::size_t block) {
    const at::NoGradGuard no_grad;
    const std::int64_t first = static_cast<std::int64_t>(block) * kRows;
    const std::int64_t count = std::min(kRows, linear.out() - first);
    norm.narrow(0, first, count).copy_(plain_merged_rows(weight_rows(linear, first, count), module, first).norm(2, 1));
  });
  return norm;
}

Adapter Adapter::create(const LoraConfig& config, const GptNeox& const_model, std::uint64_t seed, const Warn& warn) {
  auto& model = const_cast<GptNeox&>(const_model);  // linears() hands out mutable modules; they are only read here
  const at::NoGradGuard no_grad;
  Adapter adapter;
  adapter.config_ = config;
  const auto linears = model.linears();
  for (std::size_t id = 0; id < linears.size(); ++id) {
    const auto& [name, linear] = linears[id];
    if (!config.targets(name)) continue;
    auto module = std::make_unique<LoraModule>();
    module->name = name;
    module->id = static_cast<std::uint32_t>(id);
    module->scale = config.scale_of(name);
    module->dropout = config.dropout;
    const std::int64_t rank = config.rank_of(name);
    if (rank < 1) throw UsageError("the rank of an adapter must be 1 or more, not ", rank);
    module->a.value = torch::empty({rank, linear->in()});
    const RandomStream random(seed, Purpose::kAdapterInit, id);
    const float bound = 1.0f / std::sqrt(static_cast<float>(linear->in()));
    float* values = module->a.value.data_ptr<float>();
    for (std::int64_t i = 0; i < module->a.value.numel(); ++i)
      values[i] = (2.0f * random.uniform(static_cast<std::uint64_t>(i)) - 1.0f) * bound;
    module->b.value = torch::zeros({linear->out(), rank});
    if (config.dora) module->magnitude.value = dora_norm(*linear, *module);
    adapter.modules_.push_back(std::move(module));
  }
  const std::string known = endings_of(linears);
  if (adapter.modules_.empty()) throw UsageError("the target modules match nothing in this model; it has ", known);
  if (config.target_pattern.empty() && warn)
    for (const std::string& ending : config.target_modules)
      if (std::none_of(adapter.modules_.begin(), adapter.modules_.end(),
                       [&](const auto& m) { return ends_with_module(m->name, ending); }))
        warn("target module \"" + ending + "\" matches nothing in this model, which has " + known);
  return adapter;
}

void Adapter::attach(GptNeox& model, const Warn& warn) {
  const auto linears = model.linears();
  for (const auto& module : modules_) {
    const auto at =
        std::find_if(linears.begin(), linears.end(), [&](const NamedLinear& l) { return l.name == module->name; });
    if (at == linears.end()) throw Error("the adapter is for another model: this one has no module ", module->name);
    Linear& linear = *at->linear;
    const auto check = [&](const Tensor& tensor, const char* what, std::int64_t dim, std::int64_t wanted) {
      if (tensor.size(dim) != wanted)
        throw Error("the adapter is for another model: ", what, " of ", module->name, " has ", tensor.size(dim),
                    " where this model needs ", wanted);
    };
    check(module->a.value, "lora_A", 1, linear.in());
    check(module->b.value, "lora_B", 0, linear.out());
    if (module->dora()) check(module->magnitude.value, "lora_magnitude_vector", 0, linear.out());
    module->id = static_cast<std::uint32_t>(at - linears.begin());
    linear.lora = module.get();
  }
  std::sort(modules_.begin(), modules_.end(), [](const auto& x, const auto& y) { return x->id < y->id; });
  for (const NamedLinear& linear : linears)
    if (linear.linear->lora == nullptr && config_.targets(linear.name) && warn)
      warn("the adapter holds nothing for " + linear.name + " although its configuration targets it");
  refresh(model);
}

void Adapter::train() {
  for (const auto& module : modules_) {
    module->dropout = config_.dropout;
    module->train();
  }
}

void Adapter::refresh(const GptNeox& model) {
  if (!config_.dora) return;
  const auto linears = const_cast<GptNeox&>(model).linears();
  for (const auto& module : modules_) module->norm = dora_norm(*linears[module->id].linear, *module);
}

const LoraModule* Adapter::find(const std::string& linear) const {
  for (const auto& module : modules_)
    if (module->name == linear) return module.get();
  return nullptr;
}

std::vector<NamedParameter> Adapter::parameters() {
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
  for (const NamedParameter& named : const_cast<Adapter*>(this)->parameters()) count += named.parameter->value.numel();
  return count;
}

}  // namespace aacft
