// What an adapter is: the part of adapter_config.json that aacft understands.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aacft {

constexpr std::int64_t kLargestRank = 1 << 20;
constexpr double kLargestAlpha = 1e30;  // of either sign; beyond it, fp32 overflows

// PEFT's, where a file names none.
std::vector<std::string> default_target_modules();

// What adapter_config.json says. Defaults are the talk's.
struct LoraConfig {
  std::int64_t rank = 2;
  double alpha = 32;
  double dropout = 0.05;                                               // of the adapter's input while training
  std::vector<std::string> target_modules = default_target_modules();  // endings of module names
  std::string target_pattern;                       // instead: a regular expression for whole names, or "all-linear"
  std::optional<std::vector<std::int64_t>> layers;  // only these layers
  bool rslora = false;                              // scale alpha / sqrt(rank) instead of alpha / rank
  bool dora = false;
  std::map<std::string, std::int64_t> rank_pattern;  // module ending or pattern -> its own rank
  std::map<std::string, double> alpha_pattern;
  std::string base_model;  // recorded in the folder

  std::int64_t rank_of(const std::string& module) const;
  double scale_of(const std::string& module) const;
  bool targets(const std::string& module) const;
};

// A name that is the module's, or ends it behind a dot.
bool ends_with_module(const std::string& module, const std::string& ending);

// adapter_config.json. Error names `where` and the key: another type of adapter, what aacft does not support, a rank
// that is not positive, a pattern that would take too long or is none.
LoraConfig parse_lora_config(const nlohmann::json& object, const std::string& where);
nlohmann::json to_json(const LoraConfig& config);

// The name of an adapter's tensor, "base_model.model.X.lora_A.weight": module X, part "lora_A", "lora_B" or
// "lora_magnitude_vector". Nothing for another name.
struct AdapterKey {
  std::string module, part;
};
std::optional<AdapterKey> split_adapter_key(std::string_view key);

}  // namespace aacft
