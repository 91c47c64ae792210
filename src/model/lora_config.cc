#include "aacft/model/lora_config.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <regex>

#include "aacft/base/error.h"
#include "aacft/model/family.h"

namespace aacft {
namespace {

using nlohmann::json;

// Patterns and names come from strangers, and std::regex takes exponential time, or recurses without limit, on some of
// them. Real ones are far shorter. `kMostWork` bounds the length of a pattern times all that its {counts} repeat.
constexpr std::size_t kLongestName = 200, kLongestPattern = 1000, kMostWork = 4000;

bool takes_too_long(const std::string& pattern) {
  std::size_t work = pattern.size(), lookaheads = 0;
  if (work > kLongestPattern) return true;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] == '(' && (pattern.compare(at, 3, "(?=") == 0 || pattern.compare(at, 3, "(?!") == 0) &&
        ++lookaheads > 2)
      return true;
    if (pattern[at] != '{') continue;
    std::size_t count = 0, most = 1;  // the larger of {m,n}
    for (++at; at < pattern.size() && pattern[at] != '}'; ++at) {
      count = pattern[at] >= '0' && pattern[at] <= '9' ? 10 * count + static_cast<std::size_t>(pattern[at] - '0') : 0;
      most = std::max(most, count);
      if (most > kMostWork) return true;
    }
    if ((work *= most) > kMostWork) return true;
  }
  return false;
}

std::regex compiled(const std::string& pattern) {
  auto flags = std::regex::ECMAScript;
#ifdef __GLIBCXX__
  flags |= std::regex_constants::__polynomial;  // no exponential backtracking, and no back-references
#endif
  return std::regex(pattern, flags);
}

// A pattern has been through check_pattern.
bool matches(const std::string& name, const std::string& pattern) {
  if (name.size() > kLongestName) throw Error("the module name \"", name, "\" is too long");
  try {
    return std::regex_match(name, compiled(pattern));
  } catch (const std::regex_error&) {
    throw Error("\"", pattern, "\" is not a regular expression that \"", name, "\" can be matched with");
  }
}

// The names of modules that end in what the pattern matches.
std::string ending_in(const std::string& pattern) { return "(.*\\.)?(" + pattern + ")"; }

void check_pattern(const std::string& pattern, const char* key, const std::string& where) {
  if (takes_too_long(ending_in(pattern)))
    throw Error(where, ": \"", key, "\" holds a pattern that is too long: ", pattern);
  try {
    compiled(ending_in(pattern));
    compiled(pattern);
  } catch (const std::regex_error&) {
    throw Error(where, ": \"", key, "\" holds \"", pattern, "\", which is not a regular expression");
  }
}

// The value that a pattern of the map gives this module, else `otherwise`.
template <typename T>
T pattern_value(const std::map<std::string, T>& patterns, const std::string& module, T otherwise) {
  for (const auto& [pattern, value] : patterns)
    if (matches(module, ending_in(pattern))) return value;
  return otherwise;
}

// The layer's number in "....layers.7.attention.dense".
std::int64_t layer_of(const std::string& module) {
  const std::string mark = "layers.";
  const std::size_t at = module.find(mark);
  return at == std::string::npos ? -1 : std::atoll(module.c_str() + at + mark.size());
}

[[noreturn]] void wrong_type(const json& value, const char* key, const std::string& where) {
  throw Error(where, ": \"", key, "\" has a value of the wrong type: ", value.dump());
}

template <typename T>
T field(const json& object, const char* key, T otherwise, const std::string& where) {
  if (!object.contains(key) || object.at(key).is_null()) return otherwise;
  try {
    return object.at(key).get<T>();
  } catch (const json::exception&) {
    wrong_type(object.at(key), key, where);
  }
}

std::int64_t whole(const json& value, const char* key, std::int64_t least, std::int64_t most,
                   const std::string& where) {
  if (!value.is_number_integer() || value < least || value > most)
    throw Error(where, ": \"", key, "\" must hold whole numbers from ", least, " to ", most, ", not ", value.dump());
  return value.get<std::int64_t>();
}

std::int64_t rank(const json& value, const char* key, const std::string& where) {
  return whole(value, key, 1, kLargestRank, where);
}

void check_alpha(double alpha, const char* key, const std::string& where) {
  if (!(std::abs(alpha) <= kLargestAlpha))
    throw Error(where, ": \"", key, "\" must be a number from -1e30 to 1e30, not ", alpha);
}

void refuse_if_set(const json& object, const char* key, const json& neutral, const std::string& where) {
  if (object.contains(key) && !object.at(key).is_null() && object.at(key) != neutral)
    throw Error(where, ": \"", key, "\" is ", object.at(key).dump(), ", which aacft does not support");
}

}  // namespace

std::vector<std::string> default_target_modules() { return gpt_neox_family().default_targets; }

std::int64_t LoraConfig::rank_of(const std::string& module) const { return pattern_value(rank_pattern, module, rank); }

double LoraConfig::scale_of(const std::string& module) const {
  const auto r = static_cast<double>(rank_of(module));
  return pattern_value(alpha_pattern, module, alpha) / (rslora ? std::sqrt(r) : r);
}

bool LoraConfig::targets(const std::string& module) const {
  if (layers && std::find(layers->begin(), layers->end(), layer_of(module)) == layers->end()) return false;
  if (target_pattern == "all-linear") return true;
  if (!target_pattern.empty()) return matches(module, target_pattern);
  return std::any_of(target_modules.begin(), target_modules.end(),
                     [&](const std::string& ending) { return ends_with_module(module, ending); });
}

bool ends_with_module(const std::string& module, const std::string& ending) {
  if (module == ending) return true;
  return module.size() > ending.size() + 1 && module.compare(module.size() - ending.size() - 1, 1, ".") == 0 &&
         module.compare(module.size() - ending.size(), ending.size(), ending) == 0;
}

LoraConfig parse_lora_config(const json& object, const std::string& where) {
  if (const auto type = field<std::string>(object, "peft_type", "", where); type != "LORA")
    throw Error(where, ": peft_type is \"", type, "\"; aacft reads LoRA adapters (\"LORA\")");
  refuse_if_set(object, "bias", "none", where);
  refuse_if_set(object, "modules_to_save", json::array(), where);
  refuse_if_set(object, "fan_in_fan_out", false, where);
  refuse_if_set(object, "lora_bias", false, where);
  refuse_if_set(object, "layer_replication", json::array(), where);
  refuse_if_set(object, "trainable_token_indices", json::array(), where);
  refuse_if_set(object, "target_parameters", json::array(), where);
  refuse_if_set(object, "use_qalora", false, where);
  refuse_if_set(object, "alora_invocation_tokens", json::array(), where);

  LoraConfig c;
  c.rank = rank(field<json>(object, "r", 8, where), "r", where);
  c.alpha = field<double>(object, "lora_alpha", 8, where);
  check_alpha(c.alpha, "lora_alpha", where);
  c.dropout = field<double>(object, "lora_dropout", 0, where);
  if (!(c.dropout >= 0 && c.dropout < 1))
    throw Error(where, ": \"lora_dropout\" must be from 0 to below 1, not ", c.dropout);
  c.rslora = field<bool>(object, "use_rslora", false, where);
  c.dora = field<bool>(object, "use_dora", false, where);
  for (const auto& [pattern, value] : field<std::map<std::string, json>>(object, "rank_pattern", {}, where)) {
    check_pattern(pattern, "rank_pattern", where);
    c.rank_pattern[pattern] = rank(value, "rank_pattern", where);
  }
  c.alpha_pattern = field<std::map<std::string, double>>(object, "alpha_pattern", {}, where);
  for (const auto& [pattern, value] : c.alpha_pattern) {
    check_pattern(pattern, "alpha_pattern", where);
    check_alpha(value, "alpha_pattern", where);
  }
  c.base_model = field<std::string>(object, "base_model_name_or_path", "", where);
  if (object.contains("target_modules") && object.at("target_modules").is_string()) {
    c.target_modules.clear();
    c.target_pattern = object.at("target_modules").get<std::string>();
  } else {
    c.target_modules = field<std::vector<std::string>>(object, "target_modules", default_target_modules(), where);
  }
  if (const json layers = field<json>(object, "layers_to_transform", {}, where);
      !layers.is_null() && layers != json::array()) {
    c.layers.emplace();
    for (const json& layer : layers.is_array() ? layers : json::array({layers}))
      c.layers->push_back(whole(layer, "layers_to_transform", 0, kLargestRank, where));
  }
  if (!c.target_pattern.empty() && c.target_pattern != "all-linear")
    check_pattern(c.target_pattern, "target_modules", where);
  return c;
}

json to_json(const LoraConfig& c) {
  return {
      {"alpha_pattern", c.alpha_pattern},
      {"auto_mapping", nullptr},
      {"base_model_name_or_path", c.base_model},
      {"bias", "none"},
      {"fan_in_fan_out", false},
      {"inference_mode", true},
      {"init_lora_weights", true},
      {"layers_pattern", nullptr},
      {"layers_to_transform", c.layers ? json(*c.layers) : json(nullptr)},
      {"lora_alpha", c.alpha == std::floor(c.alpha) && std::abs(c.alpha) < 1e15
                         ? json(static_cast<std::int64_t>(c.alpha))
                         : json(c.alpha)},
      {"lora_dropout", c.dropout},
      {"modules_to_save", nullptr},
      {"peft_type", "LORA"},
      {"r", c.rank},
      {"rank_pattern", c.rank_pattern},
      {"revision", nullptr},
      {"target_modules", c.target_pattern.empty() ? json(c.target_modules) : json(c.target_pattern)},
      {"task_type", "CAUSAL_LM"},
      {"use_dora", c.dora},
      {"use_rslora", c.rslora},
  };
}

// Some versions put the adapter's name, "default", in between.
std::optional<AdapterKey> split_adapter_key(std::string_view key) {
  constexpr std::string_view kPrefix = "base_model.model.";
  if (key.substr(0, kPrefix.size()) != kPrefix) return {};
  key.remove_prefix(kPrefix.size());
  for (const std::string_view kind : {"lora_A", "lora_B", "lora_magnitude_vector"}) {
    const std::size_t at = key.rfind("." + std::string(kind));
    if (at == std::string_view::npos) continue;
    const std::string_view rest = key.substr(at + 1 + kind.size());
    const bool bare = rest.empty() && kind == "lora_magnitude_vector";
    if (bare || rest == ".weight" || rest == ".default.weight")
      return AdapterKey{std::string(key.substr(0, at)), std::string(kind)};
  }
  return {};
}

}  // namespace aacft
