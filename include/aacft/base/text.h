// Small text helpers that more than one layer needs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aacft {

// The candidate with the smallest edit distance to `name`, or "" if none is near enough to be a likely typo.
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

// Without the blanks, tabs and line ends around it.
std::string_view trimmed(std::string_view text);

std::string human_bytes(std::uint64_t bytes);  // "5.55 GB", powers of 1000
std::string human_seconds(double seconds);     // "1 h 05 min", "3 min 07 s", "12 s"

inline bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }  // of ASCII

// Fit for a line of a message that quotes what strangers wrote: control characters, line ends too, and bytes that are
// no UTF-8 become '?', lest they reach a terminal; of more than 4000 bytes the middle is left out.
std::string presentable(std::string_view text);

}  // namespace aacft
