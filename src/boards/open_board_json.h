// What the Open Board files read and write in common.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace aacft {

inline constexpr const char* kOpenBoardFormat = "open-board-0.1";

// A string member; "" where there is none.
inline std::string text_of(const nlohmann::json& object, const char* key) {
  if (!object.is_object() || !object.contains(key) || !object.at(key).is_string()) return "";
  return object.at(key).get<std::string>();
}

// Ids are strings or numbers: "1" and 1 are the same.
inline std::string id_text(const nlohmann::json& id) {
  if (id.is_string()) return id.get<std::string>();
  return id.is_number() ? id.dump() : "";
}
inline std::string id_of(const nlohmann::json& object) {
  return object.is_object() && object.contains("id") ? id_text(object.at("id")) : "";
}

}  // namespace aacft
