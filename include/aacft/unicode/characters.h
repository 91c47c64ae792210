// What kind of character it is, and its other case. The tables are utf8proc's, with the letters and numbers of
// Unicode 16 where it is older.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace aacft {

enum class CharClass : std::uint8_t { kLetter, kNumber, kSpace, kOther };  // \p{L}, \p{N}, \s and the rest

CharClass char_class(char32_t c);
bool is_mark(char32_t c);         // \p{Mn}: an accent that stands over another character
bool is_punctuation(char32_t c);  // \p{P}

// The numbers of Unicode 17: a tokenizer's "Digits" knows more of them than its \p{N} does.
bool is_numeric(char32_t c);

char32_t lower_case(char32_t c);

// For comparing without regard to case: folded and composed. Invalid UTF-8 is returned as it is.
std::string case_folded(std::string_view text);

// The end of the run of one class that starts at `pos` of valid UTF-8; `pos` where another class stands there.
std::size_t run_end(std::string_view text, std::size_t pos, CharClass wanted);

// Bytes of the white space that valid UTF-8 begins or ends with.
std::size_t leading_space(std::string_view text);
std::size_t trailing_space(std::string_view text);

}  // namespace aacft
