#include "aacft/unicode/characters.h"

#include <utf8proc.h>

#include <array>
#include <cstdlib>

#include "aacft/base/utf8.h"

namespace aacft {
namespace {

utf8proc_int32_t raw(char32_t c) { return static_cast<utf8proc_int32_t>(c); }

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
