// Letters, as the spelling rules of english_*.cc see them. ASCII; other bytes are neither vowels nor consonants.
#pragma once

#include <string>
#include <string_view>

namespace aacft::english {

inline bool is_vowel(char c) { return std::string_view("aeiouAEIOU").find(c) != std::string_view::npos; }
inline bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
inline bool is_consonant(char c) { return is_letter(c) && !is_vowel(c); }

std::string lower_case(std::string_view text);  // ASCII only

int vowel_groups(std::string_view word);  // about its syllables: "open" 2, "stop" 1; a silent last e is not left out

std::string_view last_word(std::string_view text);   // after the last space or hyphen
std::string_view first_word(std::string_view text);  // before the first space

// bus -> buses, city -> cities, day -> days; a verb takes -es after any o (goes), a noun only where it is listed.
std::string with_plural_s(std::string_view word, bool verb);

}  // namespace aacft::english
