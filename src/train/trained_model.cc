#include "train/trained_model.h"

#include <algorithm>

#include "aacft/base/error.h"
#include "aacft/formats/safetensors.h"
#include "aacft/model/model_folder.h"
#include "aacft/model/tensor_bridge.h"

namespace aacft {
namespace {

ModelOptions model_options(const TrainOptions& options) {
  ModelOptions chosen = options.model_options;
  chosen.full = options.full;
  return chosen;
}

}  // namespace

TrainedModel::TrainedModel(const TrainOptions& options, const Warn& warn)
    : base_(options.model), model_(options.model, warn, model_options(options)) {
  if (!options.full) {
    if (options.init_adapter.empty()) {
      adapter_ = Adapter::create(options.lora, model_, options.seed, warn);
    } else {
      adapter_ = Adapter::load(options.init_adapter, warn);
      adapter_->set_dropout(options.lora.dropout);
      adapter_->fit(model_, warn);
    }
    adapter_->set_base_model(std::filesystem::absolute(options.model).lexically_normal().string());
    adapter_->train();
  }
  optimizer_.emplace(parameters(), options.beta1, options.beta2, options.epsilon, options.weight_decay);
}

const AdapterModules& TrainedModel::adapter_modules() const {
  static const AdapterModules none;
  return adapter_ ? adapter_->modules_by_target() : none;
}

std::int64_t TrainedModel::num_trained() const {
  return adapter_ ? adapter_->num_parameters() : model_.config().num_parameters();
}

void TrainedModel::update(double learning_rate) {
  optimizer_->step(learning_rate);
  refresh();
}

void TrainedModel::refresh() {
  if (adapter_) adapter_->refresh(model_);
}

void TrainedModel::write(const std::filesystem::path& folder) {
  if (adapter_) return adapter_->save(folder);
  std::vector<TensorView> tensors;
  for (const NamedParameter& named : parameters()) tensors.push_back(view_of(named.name, named.parameter->value));
  write_model_config(folder, model_.config(), Dtype::kFloat32);
  copy_tokenizer(base_, folder);
  write_safetensors(folder / "model.safetensors", tensors);  // last: where it is, the model is whole
}

void TrainedModel::read(const std::filesystem::path& folder) {
  const at::NoGradGuard no_grad;
  const auto file = folder / (adapter_ ? "adapter_model.safetensors" : "model.safetensors");
  const SafetensorsFile saved(file);
  for (const NamedParameter& named : parameters()) {
    const auto found = std::find_if(saved.tensors().begin(), saved.tensors().end(),
                                    [&](const TensorView& tensor) { return tensor.name == named.name; });
    if (found == saved.tensors().end() || found->shape != named.parameter->value.sizes().vec())
      throw Error(file, ": ", named.name, " is missing or does not fit; the checkpoint is of another run");
    require_finite(*found, file.string());
    named.parameter->value.copy_(resident_tensor(*found));
  }
  refresh();
}

}  // namespace aacft
