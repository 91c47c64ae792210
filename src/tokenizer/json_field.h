// A value of a JSON file together with its name, for errors.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aacft/base/error.h"

namespace aacft {

// What is missing counts as null.
class JsonField {
 public:
  using json = nlohmann::json;

  JsonField(const std::filesystem::path& file, std::string name, const json& value)
      : file_(file), name_(std::move(name)), value_(value) {}

  template <typename... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    throw Error(file_.string(), ": ", name_.empty() ? "" : name_ + ": ", parts...);
  }
  [[noreturn]] void unsupported() const {
    std::string value = value_.dump(-1, ' ', true, json::error_handler_t::replace);
    if (value.size() > 60) value = value.substr(0, 57) + "...";
    fail(value, " is not supported");
  }

  const json& value() const { return value_; }
  bool null() const { return value_.is_null(); }

  JsonField operator[](const std::string& key) const {
    static const json kMissing;
    if (!value_.is_object()) fail("must be an object");
    const auto found = value_.find(key);
    return {file_, name_.empty() ? key : name_ + "." + key, found == value_.end() ? kMissing : *found};
  }
  std::size_t size() const {  // of a list
    if (!value_.is_array()) fail("must be a list");
    return value_.size();
  }
  JsonField item(std::size_t index) const { return {file_, name_ + "[" + std::to_string(index) + "]", value_[index]}; }
  std::vector<JsonField> items() const {
    std::vector<JsonField> items;
    items.reserve(size());
    for (std::size_t i = 0; i < value_.size(); ++i) items.push_back(item(i));
    return items;
  }
  std::string string() const {
    if (!value_.is_string()) fail("must be a string");
    return value_.get<std::string>();
  }
  std::string not_empty() const {
    std::string text = string();
    if (text.empty()) fail("must not be empty");
    return text;
  }
  bool flag(bool fallback) const {
    if (null()) return fallback;
    if (!value_.is_boolean()) fail("must be true or false");
    return value_.get<bool>();
  }
  std::int32_t id(std::int64_t limit) const {
    if (!value_.is_number_integer() || value_ < 0 || value_ >= limit)
      fail("must be a token id from 0 to below ", limit);
    return value_.get<std::int32_t>();
  }

  // New keys may mean new rules.
  void only_keys(std::initializer_list<std::string_view> known) const {
    for (const auto& [key, ignored] : value_.items()) {
      if (std::find(known.begin(), known.end(), key) == known.end()) (*this)[key].unsupported();
    }
  }

  // The parts of {"type": "Sequence", list_key: [...]}, or the value itself; nothing for null.
  std::vector<JsonField> sequence(const char* list_key) const {
    if (null()) return {};
    if ((*this)["type"].string() == "Sequence") return (*this)[list_key].items();
    return {*this};
  }

 private:
  const std::filesystem::path& file_;
  std::string name_;
  const json& value_;
};

}  // namespace aacft
