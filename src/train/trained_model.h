// The weights that a run trains, and what changes them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "aacft/model/adapter.h"
#include "aacft/model/backprop.h"
#include "aacft/model/compute_context.h"
#include "aacft/model/model.h"
#include "aacft/model/sample_pass.h"
#include "aacft/train/options.h"
#include "train/optimizer.h"

namespace aacft {

// An adapter on a frozen model or, with --full, all of a model. Used by one thread.
class TrainedModel {
 public:
  // Loads the model; the adapter is a new one, or that of --init-adapter.
  TrainedModel(const TrainOptions& options, const Warn& warn);

  Model& model() { return model_; }
  const Model& model() const { return model_; }
  const LoraConfig* lora() const { return adapter_ ? &adapter_->config() : nullptr; }  // null with --full
  const AdapterModules& adapter_modules() const;                                       // none with --full
  std::int64_t num_trained() const;

  Optimizer& optimizer() { return *optimizer_; }
  // Adds a pass's part of the loss, and of its gradients.
  void add_gradients(SamplePass made, std::size_t kept_layers, double& loss) {
    made.pass.adapters.attach(adapter_modules());
    backprop_.add_gradients(made.pass, made.targets, kept_layers, loss);
  }
  void add_loss(SamplePass made, double& loss) {
    made.pass.adapters.attach(adapter_modules());
    aacft::add_loss(model_, made.pass, made.targets, context_, loss);
  }
  void update(double learning_rate);  // applies the gradients
  void refresh();                     // to be called when somebody else has changed the weights

  // The adapter's folder or the model's. Reading: Error where a tensor is missing, or of another shape.
  void write(const std::filesystem::path& folder);
  void read(const std::filesystem::path& folder);

 private:
  std::vector<NamedParameter> parameters() { return adapter_ ? adapter_->parameters() : model_.parameters(); }

  std::filesystem::path base_;
  Model model_;
  ComputeContext context_;
  Backprop backprop_{model_, context_};
  std::optional<Adapter> adapter_;
  std::optional<Optimizer> optimizer_;
};

}  // namespace aacft
