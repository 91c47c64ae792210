// A model's configuration as JSON, key by key.
#pragma once

#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "aacft/base/error.h"

namespace aacft {

// What no model has; keeps a wrong number from asking for all the memory there is.
constexpr std::int64_t kMostPositions = std::int64_t{1} << 24;

// Bases and the like are integers in most files, and strict readers want them to stay so.
inline nlohmann::json whole_if_possible(double value) {
  return std::abs(value) < 1e15 && std::floor(value) == value ? nlohmann::json(static_cast<std::int64_t>(value))
                                                              : nlohmann::json(value);
}

// Typed access with errors that name the file and the key. A null counts as missing, as it does in transformers.
class ConfigReader {
 public:
  ConfigReader(const nlohmann::json& object, std::string where) : object_(object), where_(std::move(where)) {}

  const nlohmann::json& at(const char* key) const { return object_.at(key); }
  const std::string& where() const { return where_; }

  bool has(const char* key) const { return states(key) && !object_.at(key).is_null(); }
  bool states(const char* key) const { return object_.contains(key); }  // perhaps null

  std::int64_t size(const char* key, std::optional<std::int64_t> otherwise = {},
                    std::int64_t most = std::int64_t{1} << 31) const {
    if (!has(key) && otherwise) return *otherwise;
    if (!has(key)) throw Error(where_, ": \"", key, "\" is missing");
    const nlohmann::json& value = object_.at(key);
    if (!value.is_number_integer() || value.get<std::int64_t>() <= 0 || value.get<std::int64_t>() > most)
      throw Error(where_, ": \"", key, "\" must be a positive whole number of at most ", most, ", not ", value.dump());
    return value.get<std::int64_t>();
  }

  double number(const char* key, double otherwise) const {
    if (!has(key)) return otherwise;
    if (!object_.at(key).is_number())
      throw Error(where_, ": \"", key, "\" must be a number, not ", object_.at(key).dump());
    return object_.at(key).get<double>();
  }

  // Of norms.
  double eps(const char* key, double otherwise) const {
    const double value = number(key, otherwise);
    if (!(value > 0 && value <= 1)) throw Error(where_, ": ", key, " must be above 0 and at most 1, not ", value);
    return value;
  }

  bool flag(const char* key, bool otherwise) const {
    if (!has(key)) return otherwise;
    if (!object_.at(key).is_boolean()) throw Error(where_, ": \"", key, "\" must be true or false");
    return object_.at(key).get<bool>();
  }

  std::string text(const char* key, const std::string& otherwise) const {
    if (!has(key)) return otherwise;
    if (!object_.at(key).is_string()) throw Error(where_, ": \"", key, "\" must be a string");
    return object_.at(key).get<std::string>();
  }

  // A token id, or a list of them.
  std::vector<std::int64_t> tokens(const char* key) const {
    std::vector<std::int64_t> ids;
    if (!has(key)) return ids;
    const nlohmann::json& value = object_.at(key);
    for (const nlohmann::json& id : value.is_array() && !value.empty() ? value : nlohmann::json::array({value})) {
      if (!id.is_number_integer()) throw Error(where_, ": \"", key, "\" must be a token id, not ", id.dump());
      ids.push_back(id.get<std::int64_t>());
    }
    return ids;
  }

  // How positions turn: as in transformers, "rope_scaling" if it says anything, else "rope_parameters"; "" if neither
  // does.
  const char* rope_key() const {
    for (const char* key : {"rope_scaling", "rope_parameters"}) {
      if (!has(key)) continue;
      if (!at(key).is_object()) throw Error(where_, ": \"", key, "\" must be an object");
      if (!at(key).empty()) return key;
    }
    return "";
  }

 private:
  const nlohmann::json& object_;
  std::string where_;
};

}  // namespace aacft
