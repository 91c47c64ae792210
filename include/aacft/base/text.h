// Small text helpers that more than one layer needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aacft {

// The candidate with the smallest edit distance to `name`, or "" if none is near enough to be a likely typo.
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

// Without the blanks, tabs and line ends around it.
std::string_view trimmed(std::string_view text);

// On one line: blanks around line ends, and at both ends, become one or none.
std::string one_line(std::string_view text);

std::string joined(const std::vector<std::string>& parts, std::string_view separator);

// "a, b, c"; of more than `most`, the first ones: "a, b and 4 more".
std::string listed(const std::vector<std::string>& names, std::size_t most = SIZE_MAX);

std::string human_bytes(std::uint64_t bytes);  // "5.55 GB", powers of 1000
std::string human_seconds(double seconds);     // "1 h 05 min", "3 min 07 s", "12 s"

inline bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }  // of ASCII

// Fit for a line of a message that quotes what strangers wrote: control characters, line ends too, and bytes that are
// no UTF-8 become '?', lest they reach a terminal; of more than 4000 bytes the middle is left out.
std::string presentable(std::string_view text);

// "text", for a message: presentable, and of more than 100 bytes the beginning, "beginn...". Not named
// quoted: a call with a std::string would find std::quoted.
std::string in_quotes(std::string_view text, char mark = '"');

// For a command line to be pasted: in quotes where a shell needs them.
std::string for_shell(const std::string& text);

}  // namespace aacft
