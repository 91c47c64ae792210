#include "aacft/office/encoding.h"

#include <array>

#include "aacft/base/text.h"
#include "aacft/base/utf8.h"

namespace aacft {
namespace {

// Windows-1252 from 80 to 9F; 0: no character.
constexpr std::array<char32_t, 32> kHigh = {0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                            0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
                                            0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                            0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

// The byte of a character; -1: none. The five empty places count as the control characters that some programs read
// there.
int windows_1252_byte(char32_t c) {
  if (c < 0x80 || (c >= 0xA0 && c <= 0xFF)) return static_cast<int>(c);
  for (std::size_t i = 0; i < kHigh.size(); ++i)
    if (kHigh[i] == c || (kHigh[i] == 0 && c == 0x80 + i)) return static_cast<int>(0x80 + i);
  return -1;
}

// The character of UTF-8 whose bytes stand at `pos` as Windows-1252; moves `pos` past them. Nothing: no such bytes.
std::optional<std::string> misread_character(std::string_view text, std::size_t& pos) {
  std::size_t at = pos;
  const int lead = windows_1252_byte(next_code_point(text, at));
  const bool looked_for = lead == 0xC2 || lead == 0xC3 || lead == 0xC5 || lead == 0xE2 || lead == 0xF0;
  if (!looked_for) return std::nullopt;
  std::string bytes(1, static_cast<char>(lead));
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  while (bytes.size() < length && at < text.size()) {
    const int next = windows_1252_byte(next_code_point(text, at));
    if (next < 0x80 || next > 0xBF) return std::nullopt;
    bytes += static_cast<char>(next);
  }
  if (bytes.size() < length || !valid_utf8(bytes)) return std::nullopt;
  pos = at;
  return bytes;
}

}  // namespace

std::optional<std::string> utf8_of_windows_1252(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    const char32_t c = value >= 0x80 && value < 0xA0 ? kHigh[value - 0x80] : value;
    if (c == 0 && value != 0) return std::nullopt;
    append_utf8(text, c);
  }
  return text;
}

std::string without_mojibake(std::string_view text) {
  std::string better;
  for (std::size_t pos = 0; pos < text.size();) {
    if (const auto character = misread_character(text, pos)) {
      better += *character;
      continue;
    }
    const std::size_t begin = pos;
    next_code_point(text, pos);
    better += text.substr(begin, pos - begin);
  }
  return better;
}

}  // namespace aacft
