// JSON files and JSON Lines, with errors that name the file and the line.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace aacft {

// A text that must hold a JSON object, no deeper than 256 levels and with no key twice;
// Error("NAME:LINE:COLUMN: ...") otherwise.
nlohmann::json parse_json_object(std::string_view text, const std::string& name);

// A whole file that must hold a JSON object; Error with file, line and column otherwise. The second keeps the order of
// the keys.
nlohmann::json read_json_object(const std::filesystem::path& path);
nlohmann::ordered_json read_ordered_json_object(const std::filesystem::path& path);

// Calls row(line number from 1, object) for every non-blank line. A line that is not a JSON object in valid
// UTF-8, or of more than 16 MiB, goes to bad(line number, reason): throw from it to stop. So does, once for all
// lines, a file of another kind: UTF-16, a JSON array, objects over several lines. "\r\n" is accepted.
void read_json_lines(const std::string& content, const std::function<void(std::size_t, nlohmann::json)>& row,
                     const std::function<void(std::size_t, const std::string&)>& bad);

}  // namespace aacft
