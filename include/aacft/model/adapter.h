// A set of low-rank modules that is trained, saved and loaded together: what PEFT calls an adapter.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "aacft/base/warn.h"
#include "aacft/model/adapter_set.h"
#include "aacft/model/lora.h"
#include "aacft/model/lora_config.h"

namespace aacft {

class Model;

// Movable; its modules stay where they are. It must outlive the passes that it is attached to (adapter_set.h).
class Adapter {
 public:
  // A ~ U(-1/sqrt(in), 1/sqrt(in)), B = 0, magnitude = ||W||; it fits the model already. Warns of a target that matches
  // nothing; Error when none matches.
  static Adapter create(const LoraConfig& config, const Model& model, std::uint64_t seed, const Warn& warn);

  // A PEFT folder: adapter_config.json and adapter_model.safetensors or .bin. Error names the file and what does not
  // fit: another type of adapter, a missing or unknown tensor, a wrong shape, a value that is not finite.
  static Adapter load(const std::filesystem::path& folder, const Warn& warn);

  // Writes such a folder's two files, in fp32.
  void save(const std::filesystem::path& folder) const;

  // Finds the modules' places in the model, after which modules_by_target() may be attached to its passes. Error when a
  // module or a shape is not the model's; warns of modules that the configuration targets but the adapter does not
  // hold.
  void fit(const Model& model, const Warn& warn = {});
  // Gives everything gradients, and the configured dropout.
  void train();
  // DoRA norms follow the weights: to be called after every change of A and B.
  void refresh(const Model& model);

  const LoraConfig& config() const { return config_; }
  const LoraModule* find(const std::string& module) const;
  std::vector<NamedParameter> parameters() const;
  const std::vector<std::unique_ptr<LoraModule>>& modules() const { return modules_; }
  const AdapterModules& modules_by_target() const { return by_target_; }
  std::int64_t num_parameters() const;
  void set_base_model(const std::string& name) { config_.base_model = name; }
  void set_dropout(double probability) { config_.dropout = probability; }

 private:
  LoraConfig config_;
  std::vector<std::unique_ptr<LoraModule>> modules_;  // in the model's order
  AdapterModules by_target_;
};

}  // namespace aacft
