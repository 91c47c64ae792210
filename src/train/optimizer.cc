#include "train/optimizer.h"

#include <torch/version.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "aacft/base/error.h"
#include "aacft/formats/safetensors.h"
#include "aacft/model/tensor_bridge.h"

namespace aacft {
namespace {

using torch::Tensor;
// How libtorch finds a parameter's state: by its address, which versions before 2.0 spell as text.
auto state_key(const Tensor& parameter) {
#if TORCH_VERSION_MAJOR < 2
  return c10::guts::to_string(parameter.unsafeGetTensorImpl());
#else
  return parameter.unsafeGetTensorImpl();
#endif
}

}  // namespace

Optimizer::Optimizer(std::vector<NamedParameter> parameters, double beta1, double beta2, double epsilon,
                     double weight_decay)
    : parameters_(std::move(parameters)) {
  std::vector<Tensor> tensors;
  for (const NamedParameter& named : parameters_) {
    named.parameter->value.mutable_grad() = named.parameter->grad;
    tensors.push_back(named.parameter->value);
  }
  adamw_ = std::make_unique<torch::optim::AdamW>(
      tensors, torch::optim::AdamWOptions(0.0).betas({beta1, beta2}).eps(epsilon).weight_decay(weight_decay));
}

void Optimizer::zero_gradients() {
  for (const NamedParameter& named : parameters_) named.parameter->grad.zero_();
}

double Optimizer::clip(double max_norm) {
  // As torch.nn.utils.clip_grad_norm_: the norm of the tensors' norms.
  std::vector<Tensor> norms;
  for (const NamedParameter& named : parameters_) norms.push_back(named.parameter->grad.norm(2));
  const double norm = at::stack(norms).norm(2).item<double>();
  if (max_norm > 0 && std::isfinite(norm)) {
    const double factor = std::min(1.0, max_norm / (norm + 1e-6));
    if (factor < 1.0)
      for (const NamedParameter& named : parameters_) named.parameter->grad.mul_(factor);
  }
  return norm;
}

void Optimizer::step(double learning_rate) {
  for (auto& group : adamw_->param_groups())
    static_cast<torch::optim::AdamWOptions&>(group.options()).lr(learning_rate);
  adamw_->step();
}

std::vector<std::string> Optimizer::non_finite_gradients() const {
  std::vector<std::string> names;
  for (const NamedParameter& named : parameters_)
    if (first_non_finite(view_of(named.name, named.parameter->grad))) names.push_back(named.name);
  return names;
}

void Optimizer::save(const std::filesystem::path& file) const {
  std::vector<TensorView> tensors;
  for (const NamedParameter& named : parameters_) {
    const auto found = adamw_->state().find(state_key(named.parameter->value));
    if (found == adamw_->state().end()) continue;
    const auto& state = static_cast<const torch::optim::AdamWParamState&>(*found->second);
    tensors.push_back(view_of(named.name + ".exp_avg", state.exp_avg()));
    tensors.push_back(view_of(named.name + ".exp_avg_sq", state.exp_avg_sq()));
  }
  write_safetensors(file, tensors);
}

void Optimizer::load(const std::filesystem::path& file, std::int64_t updates_done) {
  if (updates_done == 0) return;
  const SafetensorsFile saved(file);
  std::map<std::string, const TensorView*> by_name;
  for (const TensorView& tensor : saved.tensors()) by_name[tensor.name] = &tensor;
  for (const NamedParameter& named : parameters_) {
    const auto moment = [&](const std::string& suffix) {
      const auto found = by_name.find(named.name + suffix);
      if (found == by_name.end() || found->second->shape != named.parameter->value.sizes().vec() ||
          found->second->dtype != Dtype::kFloat32)
        throw Error(file, ": ", named.name, suffix, " is missing or does not fit; the checkpoint is of another run");
      require_finite(*found->second, file.string());
      return widened_copy(*found->second);
    };
    auto state = std::make_unique<torch::optim::AdamWParamState>();
    state->step(updates_done);
    state->exp_avg(moment(".exp_avg"));
    state->exp_avg_sq(moment(".exp_avg_sq"));
    adamw_->state()[state_key(named.parameter->value)] = std::move(state);
  }
}

std::vector<Tensor> Optimizer::gradients() const {
  std::vector<Tensor> tensors;
  for (const NamedParameter& named : parameters_) tensors.push_back(named.parameter->grad);
  return tensors;
}

std::vector<Tensor> Optimizer::state(std::int64_t updates_done) {
  std::vector<Tensor> tensors;
  for (const NamedParameter& named : parameters_) {
    tensors.push_back(named.parameter->value);
    if (updates_done == 0) continue;
    auto& state = adamw_->state()[state_key(named.parameter->value)];
    if (state == nullptr) {
      auto fresh = std::make_unique<torch::optim::AdamWParamState>();
      fresh->step(updates_done);
      fresh->exp_avg(at::zeros_like(named.parameter->value));
      fresh->exp_avg_sq(at::zeros_like(named.parameter->value));
      state = std::move(fresh);
    }
    const auto& moments = static_cast<const torch::optim::AdamWParamState&>(*state);
    tensors.push_back(moments.exp_avg());
    tensors.push_back(moments.exp_avg_sq());
  }
  return tensors;
}

}  // namespace aacft
