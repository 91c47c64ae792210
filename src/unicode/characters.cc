#include "aacft/unicode/characters.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>

#include "aacft/base/utf8.h"

namespace aacft {
namespace {

utf8proc_int32_t raw(char32_t c) { return static_cast<utf8proc_int32_t>(c); }

// Letters and numbers that Unicode got after version 15.0, which Debian's utf8proc stops at: those up to version 16.
struct NewCharacters {
  char32_t first, last;
  CharClass kind;
};
constexpr NewCharacters kNewCharacters[] = {
    {0x1C89, 0x1C8A, CharClass::kLetter},   {0xA7CB, 0xA7CD, CharClass::kLetter},
    {0xA7DA, 0xA7DC, CharClass::kLetter},   {0x105C0, 0x105F3, CharClass::kLetter},
    {0x10D40, 0x10D49, CharClass::kNumber}, {0x10D4A, 0x10D65, CharClass::kLetter},
    {0x10D6F, 0x10D85, CharClass::kLetter}, {0x10EC2, 0x10EC4, CharClass::kLetter},
    {0x11380, 0x11389, CharClass::kLetter}, {0x1138B, 0x1138B, CharClass::kLetter},
    {0x1138E, 0x1138E, CharClass::kLetter}, {0x11390, 0x113B5, CharClass::kLetter},
    {0x113B7, 0x113B7, CharClass::kLetter}, {0x113D1, 0x113D1, CharClass::kLetter},
    {0x113D3, 0x113D3, CharClass::kLetter}, {0x116D0, 0x116E3, CharClass::kNumber},
    {0x11BC0, 0x11BE0, CharClass::kLetter}, {0x11BF0, 0x11BF9, CharClass::kNumber},
    {0x13460, 0x143FA, CharClass::kLetter}, {0x16100, 0x1611D, CharClass::kLetter},
    {0x16130, 0x16139, CharClass::kNumber}, {0x16D40, 0x16D6C, CharClass::kLetter},
    {0x16D70, 0x16D79, CharClass::kNumber}, {0x18CFF, 0x18CFF, CharClass::kLetter},
    {0x1CCF0, 0x1CCF9, CharClass::kNumber}, {0x1E5D0, 0x1E5ED, CharClass::kLetter},
    {0x1E5F0, 0x1E5F0, CharClass::kLetter}, {0x1E5F1, 0x1E5FA, CharClass::kNumber},
    {0x2EBF0, 0x2EE5D, CharClass::kLetter}};

CharClass class_of_unassigned(char32_t c) {
  const auto* found = std::lower_bound(std::begin(kNewCharacters), std::end(kNewCharacters), c,
                                       [](const NewCharacters& range, char32_t value) { return range.last < value; });
  return found != std::end(kNewCharacters) && found->first <= c ? found->kind : CharClass::kOther;
}

CharClass class_from_tables(char32_t c) {
  switch (utf8proc_category(raw(c))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO: return CharClass::kLetter;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO: return CharClass::kNumber;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return CharClass::kSpace;
    case UTF8PROC_CATEGORY_CN: return class_of_unassigned(c);
    default:
      // White_Space is the separators and these controls.
      return (c >= 0x09 && c <= 0x0D) || c == 0x85 ? CharClass::kSpace : CharClass::kOther;
  }
}

// One byte's class costs one load; most text is ASCII.
const std::array<CharClass, 128> kAsciiClass = [] {
  std::array<CharClass, 128> classes{};
  for (char32_t c = 0; c < 128; ++c) classes[c] = class_from_tables(c);
  return classes;
}();

}  // namespace

CharClass char_class(char32_t c) { return c < 128 ? kAsciiClass[c] : class_from_tables(c); }

bool is_mark(char32_t c) { return utf8proc_category(raw(c)) == UTF8PROC_CATEGORY_MN; }

bool is_punctuation(char32_t c) {
  const auto category = utf8proc_category(raw(c));
  return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

bool is_numeric(char32_t c) {
  return char_class(c) == CharClass::kNumber || (c >= 0x11DE0 && c <= 0x11DE9) || (c >= 0x16FF4 && c <= 0x16FF6);
}

char32_t lower_case(char32_t c) { return static_cast<char32_t>(utf8proc_tolower(raw(c))); }

std::string case_folded(std::string_view text) {
  utf8proc_uint8_t* folded = nullptr;
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_CASEFOLD | UTF8PROC_COMPOSE | UTF8PROC_STABLE);
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const auto size = utf8proc_map(bytes, static_cast<utf8proc_ssize_t>(text.size()), &folded, options);
  if (size < 0) return std::string(text);
  std::string result(reinterpret_cast<const char*>(folded), static_cast<std::size_t>(size));
  std::free(folded);
  return result;
}

std::size_t run_end(std::string_view text, std::size_t pos, CharClass wanted) {
  while (pos < text.size()) {
    std::size_t next = pos;
    if (char_class(next_code_point(text, next)) != wanted) break;
    pos = next;
  }
  return pos;
}

std::size_t leading_space(std::string_view text) { return run_end(text, 0, CharClass::kSpace); }

std::size_t trailing_space(std::string_view text) {
  std::size_t end = text.size();
  while (end > 0) {
    std::size_t begin = end - 1;
    while ((static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
    std::size_t pos = begin;
    if (char_class(next_code_point(text, pos)) != CharClass::kSpace) break;
    end = begin;
  }
  return text.size() - end;
}

}  // namespace aacft
