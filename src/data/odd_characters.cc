#include "odd_characters.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <utility>

#include "aacft/base/text.h"
#include "aacft/base/utf8.h"

namespace aacft {
namespace {

struct Named {
  char32_t first, last;
  OddKind kind;
  const char* name;
};

constexpr Named kNamed[] = {
    {0x00, 0x08, OddKind::kControl, "control character"},
    {0x09, 0x09, OddKind::kControl, "tab"},
    {0x0B, 0x0C, OddKind::kControl, "control character"},
    {0x0D, 0x0D, OddKind::kControl, "carriage return"},
    {0x0E, 0x1F, OddKind::kControl, "control character"},
    {0x7F, 0x9F, OddKind::kControl, "control character"},
    {0x2028, 0x2029, OddKind::kControl, "line separator"},
    {0xFFF9, 0xFFFB, OddKind::kControl, "annotation mark"},
    {0xAD, 0xAD, OddKind::kInvisible, "soft hyphen"},
    {0x61C, 0x61C, OddKind::kInvisible, "direction mark"},
    {0x200B, 0x200B, OddKind::kInvisible, "zero-width space"},
    {0x200C, 0x200D, OddKind::kInvisible, "zero-width joiner or non-joiner"},
    {0x200E, 0x200F, OddKind::kInvisible, "direction mark"},
    {0x202A, 0x202E, OddKind::kInvisible, "direction mark"},
    {0x2060, 0x2064, OddKind::kInvisible, "invisible operator"},
    {0x2066, 0x2069, OddKind::kInvisible, "direction mark"},
    {0xFEFF, 0xFEFF, OddKind::kInvisible, "byte order mark"},
    {0xA0, 0xA0, OddKind::kNoBreak, "no-break space"},
    {0x2000, 0x2006, OddKind::kNoBreak, "space of a special width"},
    {0x2007, 0x2007, OddKind::kNoBreak, "no-break space of a digit's width"},
    {0x2008, 0x200A, OddKind::kNoBreak, "space of a special width"},
    {0x2011, 0x2011, OddKind::kNoBreak, "no-break hyphen"},
    {0x202F, 0x202F, OddKind::kNoBreak, "narrow no-break space"},
    {0xFFFD, 0xFFFD, OddKind::kMojibake, "replacement character: what stood here is lost"},
};

// What Windows-1252 holds at 0x80 to 0x9F; 0 where it holds nothing.
constexpr std::array<char32_t, 32> kWindows1252 = {0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                                   0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
                                                   0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                                   0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

// The byte that shows as `c` in Latin-1 or Windows-1252; nothing for ASCII and for what neither knows.
std::optional<unsigned char> byte_shown_as(char32_t c) {
  if (c >= 0x80 && c <= 0xFF) return static_cast<unsigned char>(c);
  const auto at = c == 0 ? kWindows1252.end() : std::find(kWindows1252.begin(), kWindows1252.end(), c);
  if (at == kWindows1252.end()) return {};
  return static_cast<unsigned char>(0x80 + (at - kWindows1252.begin()));
}

std::string code_point(char32_t c) {
  char text[16];
  std::snprintf(text, sizeof text, "U+%04X", static_cast<unsigned>(c));
  return text;
}

// The code points of a text, each as "U+0041".
std::string code_points(std::string_view text) {
  std::vector<std::string> points;
  for (std::size_t at = 0; at < text.size();) points.push_back(code_point(next_code_point(text, at)));
  return joined(points, " ");
}

// The UTF-8 of one character of more than one byte that shows at `at`, each byte as a character of its own; moves `at`
// past it.
std::optional<std::string> hidden_character(std::string_view text, std::size_t& at) {
  std::size_t next = at;
  const auto lead = byte_shown_as(next_code_point(text, next));
  if (!lead || *lead < 0xC2 || *lead > 0xF4) return {};
  std::string bytes(1, static_cast<char>(*lead));
  const int more = *lead < 0xE0 ? 1 : *lead < 0xF0 ? 2 : 3;
  for (int i = 0; i < more; ++i) {
    if (next >= text.size()) return {};
    const auto byte = byte_shown_as(next_code_point(text, next));
    if (!byte || *byte > 0xBF) return {};
    bytes.push_back(static_cast<char>(*byte));
  }
  if (!valid_utf8(bytes)) return {};
  at = next;
  return bytes;
}

// Two bytes may be chance ("Ô»" ends a French quotation), unless they hide a character of western Europe or more
// follow.
bool is_likely(const std::string& hidden, std::string_view text, std::size_t behind) {
  const auto lead = static_cast<unsigned char>(hidden[0]);
  return hidden.size() > 2 || lead <= 0xC3 || (behind < text.size() && hidden_character(text, behind));
}

// Joiners make sense behind an emoji or a letter of a joining script.
bool is_joiner_in_use(char32_t c, char32_t before) { return (c == 0x200C || c == 0x200D) && before > 0x24F; }

OddCharacter mojibake(std::string_view shown, std::size_t byte, const std::string& hidden) {
  const std::string original = code_points(hidden);
  const bool printable = static_cast<unsigned char>(hidden[0]) != 0xC2 || static_cast<unsigned char>(hidden[1]) > 0xA0;
  return {OddKind::kMojibake, byte, code_points(shown),
          "was probably " + (printable ? "\"" + hidden + "\" (" + original + ")" : original) +
              ", read in a wrong encoding"};
}

// "\n" and the like as two characters: escaped twice.
bool is_escape(std::string_view text, std::size_t at) {
  if (text[at] != '\\' || at + 1 >= text.size()) return false;
  const char next = text[at + 1];
  if (next == 'u') {
    const auto digits = text.substr(at + 2, 4);
    return digits.size() == 4 && digits.find_first_not_of("0123456789abcdefABCDEF") == digits.npos;
  }
  return next == 'n' || next == 't' || next == 'r' || next == '"';
}

}  // namespace

std::vector<OddCharacter> odd_characters(std::string_view text) {
  std::vector<OddCharacter> found;
  char32_t before = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    if (is_escape(text, at)) {
      found.push_back({OddKind::kEscaped, begin, "U+005C " + code_point(static_cast<unsigned char>(text[at + 1])),
                       std::string("a backslash and \"") + text[at + 1] + "\" in the text itself"});
      at += 2;
      continue;
    }
    if (static_cast<unsigned char>(text[at]) >= 0x20 && static_cast<unsigned char>(text[at]) < 0x7F) {
      before = static_cast<unsigned char>(text[at++]);
      continue;
    }
    if (std::size_t behind = at; const auto hidden = hidden_character(text, behind)) {
      if (is_likely(*hidden, text, behind)) {
        found.push_back(mojibake(text.substr(begin, behind - begin), begin, *hidden));
        at = behind;
        continue;
      }
    }
    const char32_t c = next_code_point(text, at);
    for (const Named& named : kNamed)
      if (c >= named.first && c <= named.last && !is_joiner_in_use(c, before))
        found.push_back({named.kind, begin, code_point(c), named.name});
    before = c;
  }
  return found;
}

}  // namespace aacft
