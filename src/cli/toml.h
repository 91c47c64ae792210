// Configuration files: the part of TOML that options need. Comments, sections, strings with and without escapes,
// numbers, booleans, and arrays of these, also over several lines; no dates, no nested tables.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace aacft::cli {

enum class TomlType { kString, kNumber, kBool, kArray };

struct TomlEntry {
  std::string section, key;
  TomlType type = TomlType::kString;
  std::vector<std::string> values;  // one, or an array's; strings without quotes, numbers and booleans as written
  std::size_t line = 0;             // of the key, from 1
};

// UsageError with FILE:LINE for whatever is not of that form, and for a key that occurs twice.
std::vector<TomlEntry> read_toml(const std::filesystem::path& file);

// As a TOML string.
std::string toml_string(const std::string& text);

}  // namespace aacft::cli
