// Numbers as an office program shows them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace aacft {

// The number formats that ECMA-376 (part 1, 18.8.30) gives by their number alone, such as 14: a date; "" for others.
std::string_view built_in_format(std::size_t id);

// A stored number by the code of its format, its sections and conditions: dates as 2025-03-03, whatever their order in
// the format; times as 14:30, 2:30 PM or past 24 hours; 50%; 1,000.00; 1 1/2; digits in a mask, as of telephone
// numbers; literal text before and after, such as a currency. What else there is in formats (powers, thousands) shows
// the number plain, with 15 digits. A date before the first is "########", as programs show it. 1904: days count from
// there, as once on the Mac.
std::string shown_number(const std::string& stored, std::string_view format, bool days_from_1904);

std::string iso_date(std::string_view value);      // "2025-03-03T14:30:00" -> "2025-03-03 14:30"
std::string iso_duration(std::string_view value);  // "PT14H30M00S" -> "14:30"

}  // namespace aacft
