// libtorch's AdamW over named parameters, with a state that can be saved and restored bit for bit.
#pragma once

#include <torch/optim/adamw.h>

#include <filesystem>
#include <memory>
#include <vector>

#include "aacft/model/parameter.h"

namespace aacft {

class Optimizer {
 public:
  Optimizer(std::vector<NamedParameter> parameters, double beta1, double beta2, double epsilon, double weight_decay);

  void zero_gradients();
  // Scales the gradients so that their global norm is at most max_norm (0: no limit); returns the norm before. One that
  // is not finite leaves them as they are.
  double clip(double max_norm);
  void step(double learning_rate);

  // Names of the tensors whose gradients hold a NaN or infinity.
  std::vector<std::string> non_finite_gradients() const;

  // Moments of every parameter, as safetensors: "<name>.exp_avg", "<name>.exp_avg_sq". Before the first step there is
  // nothing to save.
  void save(const std::filesystem::path& file) const;
  void load(const std::filesystem::path& file, std::int64_t updates_done);

  // For workers: the gradients to be summed; and the parameters with, after the first step, their moments.
  std::vector<at::Tensor> gradients() const;
  std::vector<at::Tensor> state(std::int64_t updates_done);

 private:
  std::vector<NamedParameter> parameters_;
  std::unique_ptr<torch::optim::AdamW> adamw_;
};

}  // namespace aacft
