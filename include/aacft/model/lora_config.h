// What an adapter is: the part of adapter_config.json that aacft understands.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aacft/base/warn.h"

namespace aacft {

struct ModelConfig;

constexpr std::int64_t kLargestRank = 1 << 20;
constexpr double kLargestAlpha = 1e30;  // of either sign; beyond it, fp32 overflows

// Values for the modules whose names end in what a pattern matches; the first pattern that does counts.
template <typename T>
using Patterns = std::vector<std::pair<std::string, T>>;

// What adapter_config.json says. Defaults are the talk's.
struct LoraConfig {
  std::int64_t rank = 2;
  double alpha = 32;
  double dropout = 0.05;  // of the adapter's input while training
  // Endings of module names; none: those that PEFT adapts in the model's family (with_targets).
  std::vector<std::string> target_modules;
  std::string target_pattern;                       // instead: a regular expression for whole names, or "all-linear"
  std::vector<std::string> excluded_modules;        // endings of names that are not adapted all the same
  std::string excluded_pattern;                     // instead: a regular expression for whole names
  std::optional<std::vector<std::int64_t>> layers;  // only these layers
  bool rslora = false;                              // scale alpha / sqrt(rank) instead of alpha / rank
  bool dora = false;
  Patterns<std::int64_t> rank_pattern;
  Patterns<double> alpha_pattern;
  std::string base_model;  // recorded in the folder

  std::int64_t rank_of(const std::string& module) const;
  double scale_of(const std::string& module) const;
  bool targets(const std::string& module) const;
};

// With targets that fit a model: its family's default where none are given, and all its linears for "all-linear" among
// the endings.
LoraConfig with_targets(LoraConfig config, const ModelConfig& model);

// A name that is the module's, or ends it behind a dot.
bool ends_with_module(const std::string& module, const std::string& ending);

// adapter_config.json. Error names `where` and the key: another type of adapter, what aacft does not support, a rank
// that is not positive, a pattern that would take too long or is none. A pattern for targets that cannot be read and
// keys that are not known are warned about; without the pattern target_modules is empty, and the adapter's tensors have
// to tell.
LoraConfig parse_lora_config(const nlohmann::ordered_json& object, const std::string& where, const Warn& warn = {});
nlohmann::ordered_json to_json(const LoraConfig& config);

// The name of an adapter's tensor, "base_model.model.X.lora_A.weight": module X, part "lora_A", "lora_B" or
// "lora_magnitude_vector". Nothing for another name.
struct AdapterKey {
  std::string module, part;
};
std::optional<AdapterKey> split_adapter_key(std::string_view key);

}  // namespace aacft
