// Low-rank adapters: LoRA (Hu et al. 2021), rsLoRA (Kalajdzievski 2023) and DoRA (Liu et al. 2024), with PEFT's
// semantics.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "aacft/base/warn.h"
#include "aacft/model/lora_config.h"
#include "aacft/model/parameter.h"

namespace aacft {

class GptNeox;

// y += scale * B(A(dropout(x))); with DoRA, y = magnitude / ||W + scale BA|| * (W + scale BA) x + bias.
struct LoraModule {
  std::string name;      // of the linear it adapts: "gpt_neox.layers.0.attention.query_key_value"
  std::uint32_t id = 0;  // stable number of that linear in the model
  Parameter a, b;        // fp32 [rank, in], [out, rank]
  Parameter magnitude;   // DoRA: fp32 [out]
  double scale = 1, dropout = 0;
  torch::Tensor norm;  // DoRA: ||W + scale BA|| by row, fp32 [out]; a constant for the gradient

  bool dora() const { return magnitude.value.defined(); }
  void train();  // gives all of it gradients
};

// fp32 [out]: the norms of the rows of W + scale BA.
torch::Tensor dora_norm(const Linear& linear, const LoraModule& module);

// fp32: some rows of the merged weight, W + scale BA or DoRA's, from those rows of W, the first of which is row
// `first`.
torch::Tensor merged_rows(const torch::Tensor& rows, const LoraModule& module, std::int64_t first);

struct NamedParameter {
  std::string name;
  Parameter* parameter;
};

// A set of modules. It must outlive the model's use of it.
class Adapter {
 public:
  // A ~ U(-1/sqrt(in), 1/sqrt(in)), B = 0, magnitude = ||W||. Warns of a target that matches nothing; Error when
  // none matches.
  static Adapter create(const LoraConfig& config, const GptNeox& model, std::uint64_t seed, const Warn& warn);

  // A PEFT folder: adapter_config.json and adapter_model.safetensors or .bin. Error names the file and what does not
  // fit: another type of adapter, a missing or unknown tensor, a wrong shape, a value that is not finite.
  static Adapter load(const std::filesystem::path& folder, const Warn& warn);

  // Writes such a folder's two files, in fp32.
  void save(const std::filesystem::path& folder) const;

  // Lets the model's linears use it. Error when a module or a shape is not the model's; warns of modules that the
  // configuration targets but the adapter does not hold.
  void attach(GptNeox& model, const Warn& warn = {});
  // Training: gradients for everything, and the configured dropout.
  void train();
  // DoRA norms follow the weights: to be called after every change of A and B while attached.
  void refresh(const GptNeox& model);

  const LoraConfig& config() const { return config_; }
  const LoraModule* find(const std::string& linear) const;
  std::vector<NamedParameter> parameters();
  const std::vector<std::unique_ptr<LoraModule>>& modules() const { return modules_; }
  std::int64_t num_parameters() const;
  void set_base_model(const std::string& name) { config_.base_model = name; }
  void set_dropout(double probability) { config_.dropout = probability; }

 private:
  LoraConfig config_;
  std::vector<std::unique_ptr<LoraModule>> modules_;  // in the model's order
};

}  // namespace aacft
