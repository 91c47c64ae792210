#include "aacft/office/encoding.h"

#include <array>
#include <vector>

#include "aacft/base/text.h"
#include "aacft/base/utf8.h"
#include "aacft/unicode/characters.h"

namespace aacft {
namespace {

// Windows-1252 from 80 to 9F; 0: no character.
constexpr std::array<char32_t, 32> kHigh = {0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                            0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
                                            0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                            0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

// Mac OS Roman from 80 to FF.
constexpr std::array<char32_t, 128> kMacRoman = {
    0x00C4, 0x00C5, 0x00C7, 0x00C9, 0x00D1, 0x00D6, 0x00DC, 0x00E1, 0x00E0, 0x00E2, 0x00E4, 0x00E3, 0x00E5,
    0x00E7, 0x00E9, 0x00E8, 0x00EA, 0x00EB, 0x00ED, 0x00EC, 0x00EE, 0x00EF, 0x00F1, 0x00F3, 0x00F2, 0x00F4,
    0x00F6, 0x00F5, 0x00FA, 0x00F9, 0x00FB, 0x00FC, 0x2020, 0x00B0, 0x00A2, 0x00A3, 0x00A7, 0x2022, 0x00B6,
    0x00DF, 0x00AE, 0x00A9, 0x2122, 0x00B4, 0x00A8, 0x2260, 0x00C6, 0x00D8, 0x221E, 0x00B1, 0x2264, 0x2265,
    0x00A5, 0x00B5, 0x2202, 0x2211, 0x220F, 0x03C0, 0x222B, 0x00AA, 0x00BA, 0x03A9, 0x00E6, 0x00F8, 0x00BF,
    0x00A1, 0x00AC, 0x221A, 0x0192, 0x2248, 0x2206, 0x00AB, 0x00BB, 0x2026, 0x00A0, 0x00C0, 0x00C3, 0x00D5,
    0x0152, 0x0153, 0x2013, 0x2014, 0x201C, 0x201D, 0x2018, 0x2019, 0x00F7, 0x25CA, 0x00FF, 0x0178, 0x2044,
    0x20AC, 0x2039, 0x203A, 0xFB01, 0xFB02, 0x2021, 0x00B7, 0x201A, 0x201E, 0x2030, 0x00C2, 0x00CA, 0x00C1,
    0x00CB, 0x00C8, 0x00CD, 0x00CE, 0x00CF, 0x00CC, 0x00D3, 0x00D4, 0xF8FF, 0x00D2, 0x00DA, 0x00DB, 0x00D9,
    0x0131, 0x02C6, 0x02DC, 0x00AF, 0x02D8, 0x02D9, 0x02DA, 0x00B8, 0x02DD, 0x02DB, 0x02C7};

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

std::optional<std::string> utf8_of(CodePage page, std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    char32_t c = value;
    if (value >= 0x80 && page == CodePage::kMacRoman) c = kMacRoman[value - 0x80];
    if (value >= 0x80 && value < 0xA0 && page == CodePage::kWindows1252) c = kHigh[value - 0x80];
    if (c == 0 && value != 0) return std::nullopt;
    append_utf8(text, c);
  }
  return text;
}

std::size_t misplaced_characters(std::string_view text) {
  constexpr std::u32string_view kCommon = U"‘’“”…–—·•°€£©®™½¼¾¡¿«»\u00A0";
  std::vector<char32_t> points;
  for (std::size_t pos = 0; pos < text.size();) points.push_back(next_code_point(text, pos));
  const auto letter = [&](std::size_t i) { return i < points.size() && char_class(points[i]) == CharClass::kLetter; };
  const auto upper = [&](std::size_t i) { return letter(i) && lower_case(points[i]) != points[i]; };
  std::size_t odd = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i] < 0x80) continue;
    const bool before = i > 0 && letter(i - 1), after = letter(i + 1);
    if (letter(i)) {
      odd += (!before && !after) || (upper(i) && before && !upper(i - 1));
    } else {
      odd += kCommon.find(points[i]) == kCommon.npos ||
             (before && after && (points[i] == U'•' || points[i] == U'“' || points[i] == U'”'));
    }
  }
  return odd;
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
