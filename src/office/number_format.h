// Numbers as an office program shows them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace aacft {

// The number formats that ECMA-376 (part 1, 18.8.30) gives by their number alone, such as 14: a date; "" for others.
std::string_view built_in_format(std::size_t id);

// A stored number by the code of its format: dates and times as 2025-03-03 and 14:30 or both, whatever their order in
// the format; 50%; 1,000.00; literal text before and after, such as a currency. What else there is in formats
// (fractions, powers, conditions) shows the number plain, with 15 digits. 1904: days count from there, as once on the
// Mac.
std::string shown_number(const std::string& stored, std::string_view format, bool days_from_1904);

}  // namespace aacft
