// What tests of models share: small models and adapters with random values, and comparisons.
#pragma once

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "aacft/formats/checkpoint.h"
#include "aacft/formats/safetensors.h"
#include "aacft/model/adapter.h"
#include "aacft/model/backprop.h"
#include "aacft/model/family.h"
#include "aacft/model/model.h"
#include "aacft/model/model_folder.h"
#include "aacft/model/model_tensors.h"
#include "aacft/model/tensor_bridge.h"
#include "support/goldens.h"

namespace aacft::testing {

using torch::Tensor;
using Ids = std::vector<std::int32_t>;

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}

  Tensor normal(std::vector<std::int64_t> shape, double deviation = 1, double mean = 0) {
    Tensor tensor = torch::empty(shape, torch::kFloat32);
    for (std::int64_t i = 0; i < tensor.numel(); ++i)
      tensor.data_ptr<float>()[i] = static_cast<float>(mean + deviation * normal_(engine_));
    return tensor;
  }
  // Token ids below `vocab`.
  Ids ids(std::size_t count, std::int64_t vocab) {
    Ids ids(count);
    for (auto& id : ids) id = static_cast<std::int32_t>(engine_() % static_cast<std::uint64_t>(vocab));
    return ids;
  }
  std::vector<Ids> sequences(const std::vector<std::size_t>& lengths, std::int64_t vocab) {
    std::vector<Ids> all;
    for (const std::size_t length : lengths) all.push_back(ids(length, vocab));
    return all;
  }

 private:
  std::mt19937_64 engine_;
  std::normal_distribution<double> normal_;
};

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

inline void write_tensors(const std::filesystem::path& file, const NamedTensors& tensors) {
  std::vector<TensorView> views;
  for (const auto& [name, tensor] : tensors) views.push_back(view_of(name, tensor));
  write_safetensors(file, views);
}

// Values for every weight, larger than at the start of training: nothing is near zero, norms and biases
// differ.
inline NamedTensors random_weights(const ModelConfig& config, unsigned seed, torch::ScalarType type = torch::kFloat32) {
  Random random(seed);
  NamedTensors tensors;
  for (const auto& [name, shape, place] : tensors_of(config)) {
    const bool norm = shape.size() == 1 && !place.bias;
    const double deviation = shape.size() == 2 ? 1 / std::sqrt(static_cast<double>(shape[1])) : 0.2;
    tensors.emplace_back(name, random.normal(shape, deviation, norm ? 1 : 0).to(type));
  }
  return tensors;
}

inline void write_model(const std::filesystem::path& folder, const ModelConfig& config, const NamedTensors& tensors) {
  std::filesystem::create_directories(folder);
  write_model_config(folder, config, Dtype::kFloat32);
  write_tensors(folder / "model.safetensors", tensors);
}

// A model of random weights in a folder of its own.
class SmallModel {
 public:
  explicit SmallModel(const ModelConfig& config, unsigned seed = 1, torch::ScalarType type = torch::kFloat32,
                      const ModelOptions& options = {}) {
    write_model(folder_ / "model", config, random_weights(config, seed, type));
    model_ = std::make_unique<Model>(folder_ / "model", Warn{}, options);
  }
  Model& operator*() { return *model_; }
  Model* operator->() { return model_.get(); }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<Model> model_;
};

// Moves B (and DoRA's magnitude) away from its start, where half of the gradients vanish.
inline void randomize(Adapter& adapter, unsigned seed, double deviation = 0.2) {
  Random random(seed);
  for (const auto& module : adapter.modules()) {
    module->b.value = random.normal(module->b.value.sizes().vec(), deviation);
    if (module->dora())
      module->magnitude.value = module->magnitude.value * random.normal(module->magnitude.value.sizes().vec(), 0.2, 1);
  }
}

inline double norm_of(const Tensor& x) { return x.detach().to(torch::kFloat64).norm().item<double>(); }

// ||a - b|| / ||b||
inline double relative_difference(const Tensor& a, const Tensor& b) {
  const Tensor wide = b.detach().to(torch::kFloat64);
  return norm_of(a.detach().to(torch::kFloat64) - wide) / norm_of(wide);
}

inline bool same_bits(const Tensor& a, const Tensor& b) {
  const Tensor x = a.detach().contiguous(), y = b.detach().contiguous();
  return x.sizes() == y.sizes() && x.scalar_type() == y.scalar_type() &&
         std::memcmp(x.data_ptr(), y.data_ptr(), x.nbytes()) == 0;
}

inline Tensor logits_of(const Model& model, const Pass& pass) {
  ComputeContext context;
  return model.logits(model.hidden(pass, context), context);
}

// The same pass with an adapter.
inline Pass with_adapter(Pass pass, const Adapter& adapter) {
  pass.adapters.attach(adapter.modules_by_target());
  return pass;
}

// Every row but the last of a sequence predicts the row after it.
inline Targets next_tokens(const std::vector<Ids>& sequences) {
  Targets targets;
  std::int64_t row = 0;
  for (const Ids& ids : sequences)
    for (std::size_t i = 0; i < ids.size(); ++i, ++row)
      if (i + 1 < ids.size()) targets.add(row, ids[i + 1], 1.0f);
  return targets;
}

inline void add_gradients(const Model& model, const Pass& pass, const Targets& targets, std::size_t kept_layers,
                          double& loss) {
  ComputeContext context;
  Backprop(model, context).add_gradients(pass, targets, kept_layers, loss);
}

}  // namespace aacft::testing
