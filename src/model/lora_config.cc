#include "aacft/model/lora_config.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <nlohmann/json.hpp>
#include <regex>

#include "aacft/base/error.h"
#include "aacft/model/family.h"

namespace aacft {
namespace {

using json = nlohmann::ordered_json;

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

// The value of the first pattern that this module matches, else `otherwise`.
template <typename T>
T pattern_value(const Patterns<T>& patterns, const std::string& module, T otherwise) {
  for (const auto& [pattern, value] : patterns)
    if (matches(module, ending_in(pattern))) return value;
  return otherwise;
}

bool is_among(const std::string& module, const std::vector<std::string>& endings, const std::string& pattern) {
  if (!pattern.empty()) return matches(module, pattern);
  return std::any_of(endings.begin(), endings.end(),
                     [&](const std::string& ending) { return ends_with_module(module, ending); });
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

double alpha(const json& value, const char* key, const std::string& where) {
  if (!value.is_number() || !(std::abs(value.get<double>()) <= kLargestAlpha))
    throw Error(where, ": \"", key, "\" must be a number from -1e30 to 1e30, not ", value.dump());
  return value.get<double>();
}

// In the order of the file, in which PEFT looks for the first that matches.
template <typename Value>
auto patterns(const json& object, const char* key, const std::string& where, const Value& value_of) {
  Patterns<decltype(value_of(json(), key, where))> read;
  const json map = field<json>(object, key, json::object(), where);
  if (!map.is_object()) wrong_type(map, key, where);
  for (const auto& [pattern, value] : map.items()) {
    check_pattern(pattern, key, where);
    read.emplace_back(pattern, value_of(value, key, where));
  }
  return read;
}

template <typename T>
json to_object(const Patterns<T>& patterns) {
  json object = json::object();
  for (const auto& [pattern, value] : patterns) object[pattern] = value;
  return object;
}

// Every key that PEFT 0.21 or an older version writes has been looked at: parse_lora_config reads those that an adapter
// is made of, these change its formula or the base's weights, and the rest changes neither.
// PEFT does not transpose a weight of nn.Linear, whatever fan_in_fan_out says.
constexpr std::string_view kRefused =
    " alora_invocation_tokens arrow_config bias enable_lora kasa_config layer_replication lora_bias modules_to_save "
    "monteclora_config target_parameters trainable_token_indices use_bdlora use_qalora velora_config ";
constexpr std::string_view kReadOrHarmless =
    " alpha_pattern base_model_name_or_path exclude_modules init_lora_weights layers_to_transform lora_alpha "
    "lora_dropout peft_type r rank_pattern target_modules use_dora use_rslora "
    "auto_mapping corda_config ensure_weight_tying eva_config fan_in_fan_out inference_mode layers_pattern "
    "loftq_config "
    "lora_ga_config megatron_config megatron_core merge_weights peft_version qalora_group_size revision runtime_config "
    "task_type ";

bool is_one_of(std::string_view names, const std::string& key) { return names.find(" " + key + " ") != names.npos; }

// A value that turns an option off.
bool is_off(const json& value) {
  return value.is_null() || value == false || value == "none" || (!value.is_primitive() && value.empty());
}

void check_keys(const json& object, const std::string& where, const Warn& warn) {
  for (const auto& [key, value] : object.items()) {
    if (is_off(value) || is_one_of(kReadOrHarmless, key)) continue;
    if (is_one_of(kRefused, key))
      throw Error(where, ": \"", key, "\" is ", value.dump(), ", which aacft does not support");
    if (warn) warn(where + ": aacft does not know \"" + key + "\", and ignores it");
  }
}

// Some ways to initialise an adapter take from the base's weights what they put into it.
void check_initialisation(const json& object, const std::string& where) {
  const json init = field<json>(object, "init_lora_weights", true, where);
  if (init.is_boolean()) return;
  std::string name = init.is_string() ? init.get<std::string>() : "";
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const char* harmless : {"gaussian", "eva", "orthogonal", "mica"})
    if (name == harmless) return;
  throw Error(
      where, ": \"init_lora_weights\" is ", init.dump(), ", which changes the base's weights; ",
      "save the adapter again with path_initial_model_for_weight_conversion, as PEFT's save_pretrained takes it");
}

// What selects modules: endings of names, or one pattern.
void read_modules(const json& object, const char* key, std::vector<std::string>& endings, std::string& pattern,
                  const std::string& where) {
  const json value = field<json>(object, key, nullptr, where);
  if (value.is_string()) {
    endings.clear();
    pattern = value.get<std::string>();
  } else if (!value.is_null()) {
    endings = field<std::vector<std::string>>(object, key, {}, where);
  }
}

}  // namespace

LoraConfig with_targets(LoraConfig config, const ModelConfig& model) {
  if (!config.target_pattern.empty()) return config;
  if (config.target_modules.empty()) config.target_modules = family_of(model).default_targets;
  if (config.target_modules == std::vector<std::string>{"all-linear"})  // as PEFT says it
    config.target_modules = target_endings(model);
  return config;
}

std::int64_t LoraConfig::rank_of(const std::string& module) const { return pattern_value(rank_pattern, module, rank); }

double LoraConfig::scale_of(const std::string& module) const {
  const auto r = static_cast<double>(rank_of(module));
  return pattern_value(alpha_pattern, module, alpha) / (rslora ? std::sqrt(r) : r);
}

bool LoraConfig::targets(const std::string& module) const {
  if (is_among(module, excluded_modules, excluded_pattern)) return false;
  if (layers && std::find(layers->begin(), layers->end(), layer_of(module)) == layers->end()) return false;
  if (target_pattern == "all-linear") return true;
  return is_among(module, target_modules, target_pattern);
}

bool ends_with_module(const std::string& module, const std::string& ending) {
  if (module == ending) return true;
  return module.size() > ending.size() + 1 && module.compare(module.size() - ending.size() - 1, 1, ".") == 0 &&
         module.compare(module.size() - ending.size(), ending.size(), ending) == 0;
}

LoraConfig parse_lora_config(const json& object, const std::string& where, const Warn& warn) {
  if (const auto type = field<std::string>(object, "peft_type", "", where); type != "LORA")
    throw Error(where, ": peft_type is \"", type, "\"; aacft reads LoRA adapters (\"LORA\")");
  check_keys(object, where, warn);
  check_initialisation(object, where);

  LoraConfig c;
  c.rank = rank(field<json>(object, "r", 8, where), "r", where);
  c.alpha = alpha(field<json>(object, "lora_alpha", 8, where), "lora_alpha", where);
  c.dropout = field<double>(object, "lora_dropout", 0, where);
  if (!(c.dropout >= 0 && c.dropout < 1))
    throw Error(where, ": \"lora_dropout\" must be from 0 to below 1, not ", c.dropout);
  c.rslora = field<bool>(object, "use_rslora", false, where);
  c.dora = field<bool>(object, "use_dora", false, where);
  c.rank_pattern = patterns(object, "rank_pattern", where, rank);
  c.alpha_pattern = patterns(object, "alpha_pattern", where, alpha);
  c.base_model = field<std::string>(object, "base_model_name_or_path", "", where);
  read_modules(object, "target_modules", c.target_modules, c.target_pattern, where);
  read_modules(object, "exclude_modules", c.excluded_modules, c.excluded_pattern, where);
  if (const json layers = field<json>(object, "layers_to_transform", {}, where);
      !layers.is_null() && layers != json::array()) {
    c.layers.emplace();
    for (const json& layer : layers.is_array() ? layers : json::array({layers}))
      c.layers->push_back(whole(layer, "layers_to_transform", 0, kLargestRank, where));
  }
  try {
    if (c.target_pattern != "all-linear") check_pattern(c.target_pattern, "target_modules", where);
    check_pattern(c.excluded_pattern, "exclude_modules", where);
  } catch (const Error& error) {  // they choose what is adapted, which the tensors of an adapter say as well
    if (warn) warn(std::string(error.what()) + "; the adapter's tensors tell what it adapts");
    c.target_modules.clear(), c.target_pattern.clear(), c.excluded_modules.clear(), c.excluded_pattern.clear();
  }
  return c;
}

json to_json(const LoraConfig& c) {
  json object = {
      {"alpha_pattern", to_object(c.alpha_pattern)},
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
      {"rank_pattern", to_object(c.rank_pattern)},
      {"revision", nullptr},
      {"target_modules", c.target_pattern.empty() ? json(c.target_modules) : json(c.target_pattern)},
      {"task_type", "CAUSAL_LM"},
      {"use_dora", c.dora},
      {"use_rslora", c.rslora},
  };
  if (!c.excluded_pattern.empty()) object["exclude_modules"] = c.excluded_pattern;
  if (!c.excluded_modules.empty()) object["exclude_modules"] = c.excluded_modules;
  return object;
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
