// Code points and their bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace aacft {

// Bytes of the code point that a text, which is not empty, begins with; 0 where that is not UTF-8.
std::size_t code_point_length(std::string_view text);

// Length of the longest prefix that is whole UTF-8: cuts at most 3 bytes, those of a code point not complete yet.
std::size_t complete_utf8_prefix(std::string_view text);

bool valid_utf8(std::string_view text);

std::size_t count_code_points(std::string_view text);  // of UTF-8

// Windows programs begin a text in UTF-8 with U+FEFF, which is no part of it.
std::string without_byte_order_mark(std::string text);

// Where the first byte stands that is not part of valid UTF-8; npos if there is none.
std::size_t first_invalid_utf8(std::string_view text);

// The bytes as text: every maximal invalid prefix becomes one U+FFFD.
std::string lossy_utf8(std::string_view bytes);

// The code point that starts at `pos` of valid UTF-8; moves `pos` past it.
char32_t next_code_point(std::string_view text, std::size_t& pos);

void append_utf8(std::string& text, char32_t c);  // U+FFFD for what is no code point

// Without a byte order mark; what is no UTF-16 becomes U+FFFD.
std::string utf8_of_utf16(std::string_view bytes, bool big_endian);

}  // namespace aacft
