#include "aacft/tokenizer/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "aacft/base/text.h"

namespace aacft {
namespace {

const utf8proc_uint8_t* raw(std::string_view text) { return reinterpret_cast<const utf8proc_uint8_t*>(text.data()); }

CharClass class_from_tables(char32_t c) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
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

// The end of the run of one class that starts at `pos`.
std::size_t run_end(std::string_view text, std::size_t pos, CharClass wanted) {
  while (pos < text.size()) {
    std::size_t next = pos;
    if (char_class(next_code_point(text, next)) != wanted) break;
    pos = next;
  }
  return pos;
}

std::size_t contraction_length(std::string_view text) {
  for (std::string_view ending : {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"}) {
    if (text.starts_with(ending)) return ending.size();
  }
  return 0;
}

int combining_class(utf8proc_int32_t c) { return utf8proc_get_property(c)->combining_class; }

// The full canonical decomposition of one code point.
struct Decomposition {
  std::array<utf8proc_int32_t, 8> points{};  // none has more than 4
  std::size_t length = 1;

  explicit Decomposition(char32_t c) : points{static_cast<utf8proc_int32_t>(c)} {
    if (c < 0xC0) return;
    int boundary = 0;
    length = static_cast<std::size_t>(
        utf8proc_decompose_char(points[0], points.data(), points.size(), UTF8PROC_DECOMPOSE, &boundary));
  }
  bool starts_with_starter() const { return combining_class(points[0]) == 0; }
};

// utf8proc_map would do, but it takes quadratic time to order many combining marks in a row.
std::string compose_text(std::string_view text) {
  std::vector<utf8proc_int32_t> points;
  points.reserve(text.size());
  std::size_t marks = 0;  // where the current run of combining marks began
  const auto order_marks = [&] {
    if (points.size() - marks < 2) return;
    std::stable_sort(points.begin() + static_cast<std::ptrdiff_t>(marks), points.end(),
                     [](auto a, auto b) { return combining_class(a) < combining_class(b); });
  };
  for (std::size_t pos = 0; pos < text.size();) {
    const Decomposition parts(next_code_point(text, pos));
    for (std::size_t i = 0; i < parts.length; ++i) {
      if (combining_class(parts.points[i]) != 0) {
        points.push_back(parts.points[i]);
        continue;
      }
      order_marks();
      points.push_back(parts.points[i]);
      marks = points.size();
    }
  }
  order_marks();

  // utf8proc 2.8 takes U+11A7 for the first trailing consonant of Hangul, which is the one after it, and
  // drops it from the text. Nothing composes with U+11A7, so each stretch before one is composed by itself.
  std::string composed;
  composed.reserve(text.size());
  for (auto begin = points.begin(); begin != points.end();) {
    const auto end = std::find(begin + 1, points.end(), 0x11A7);
    const auto length = utf8proc_normalize_utf32(&*begin, end - begin,
                                                 static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    for (auto point = begin; point != begin + length; ++point) {
      std::array<utf8proc_uint8_t, 4> bytes;
      const auto size = utf8proc_encode_char(*point, bytes.data());
      composed.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size));
    }
    begin = end;
  }
  return composed;
}

}  // namespace

std::size_t first_invalid_utf8(std::string_view text) {
  if (valid_utf8(text)) return std::string_view::npos;
  std::size_t pos = 0;
  while (pos < text.size()) {
    utf8proc_int32_t c = 0;
    const auto length = utf8proc_iterate(raw(text) + pos, static_cast<utf8proc_ssize_t>(text.size() - pos), &c);
    if (length <= 0) break;
    pos += static_cast<std::size_t>(length);
  }
  return pos;
}

std::string lossy_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  std::size_t pos = 0;
  while (pos < bytes.size()) {
    const auto lead = static_cast<unsigned char>(bytes[pos]);
    std::size_t length = 0;            // of the sequence that this byte promises
    unsigned low = 0x80, high = 0xBF;  // what may come second (Unicode, table 3-7)
    if (lead < 0x80) {
      length = 1;
    } else if (lead >= 0xC2 && lead <= 0xDF) {
      length = 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      length = 3;
      if (lead == 0xE0) low = 0xA0;
      if (lead == 0xED) high = 0x9F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      length = 4;
      if (lead == 0xF0) low = 0x90;
      if (lead == 0xF4) high = 0x8F;
    }
    std::size_t good = 1;
    for (; good < length && pos + good < bytes.size(); ++good, low = 0x80, high = 0xBF) {
      const auto byte = static_cast<unsigned char>(bytes[pos + good]);
      if (byte < low || byte > high) break;
    }
    out += good == length ? bytes.substr(pos, good) : "\xEF\xBF\xBD";
    pos += good;
  }
  return out;
}

CharClass char_class(char32_t c) { return c < 128 ? kAsciiClass[c] : class_from_tables(c); }

char32_t next_code_point(std::string_view text, std::size_t& pos) {
  const auto byte = [&] { return static_cast<unsigned char>(text[pos++]); };
  const char32_t lead = byte();
  if (lead < 0x80) return lead;
  char32_t c = lead < 0xE0 ? lead & 0x1F : lead < 0xF0 ? lead & 0x0F : lead & 0x07;
  for (int more = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3; more > 0; --more) c = c << 6 | (byte() & 0x3F);
  return c;
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

std::size_t word_length(std::string_view text) {
  if (const std::size_t length = text[0] == '\'' ? contraction_length(text) : 0; length > 0) return length;

  // " ?X+" for the three classes that are not white space.
  const std::size_t start = text[0] == ' ' && text.size() > 1 ? 1 : 0;
  std::size_t pos = start;
  const CharClass first = char_class(next_code_point(text, pos));
  if (first != CharClass::kSpace) return run_end(text, pos, first);

  // "\s+(?!\S)": a run that is followed by something else leaves its last character to that, unless it has
  // only one.
  std::size_t last = 0;
  for (pos = 0; pos < text.size();) {
    std::size_t next = pos;
    if (char_class(next_code_point(text, next)) != CharClass::kSpace) return last > 0 ? last : pos;
    last = pos;
    pos = next;
  }
  return pos;
}

Nfc::Nfc(std::string_view original, bool compose) : original_(original) {
  if (!compose) return;
  // Everything below U+0300, whose first byte is 0xCC, stands for itself and combines with nothing before it.
  const auto below = [](char c) { return static_cast<unsigned char>(c) < 0xCC; };
  if (std::all_of(original.begin(), original.end(), below)) return;

  std::string composed = compose_text(original);
  if (composed == original) return;
  composed_ = std::move(composed);
  align();
}

// Both texts have the same canonical decomposition, and ordering it moves nothing across a starter. So where
// both have given the same number of decomposed code points and a starter follows, they stand at the same
// place.
void Nfc::align() {
  std::size_t pos = 0, original = 0, given = 0, original_given = 0;
  const auto segment_starts = [&] {
    std::size_t ahead = original;
    return original == original_.size() || Decomposition(next_code_point(original_, ahead)).starts_with_starter();
  };
  while (original < original_.size()) {
    const std::size_t pos_begin = pos, original_begin = original;
    do {
      if (original_given <= given) {
        original_given += Decomposition(next_code_point(original_, original)).length;
      } else {
        given += Decomposition(next_code_point(composed_, pos)).length;
      }
    } while (original_given != given || !segment_starts());
    const bool same = std::string_view(composed_).substr(pos_begin, pos - pos_begin) ==
                      original_.substr(original_begin, original - original_begin);
    if (!same || spans_.empty() || !spans_.back().same) spans_.push_back({pos_begin, original_begin, same});
  }
  spans_.push_back({pos, original, true});
}

const Nfc::Span& Nfc::span_at(std::size_t pos) const {
  return *(std::upper_bound(spans_.begin(), spans_.end(), pos,
                            [](std::size_t value, const Span& span) { return value < span.pos; }) -
           1);
}

std::size_t Nfc::original_begin(std::size_t begin) const {
  if (spans_.empty()) return begin;
  const Span& span = span_at(begin);
  return span.same ? span.original + (begin - span.pos) : span.original;
}

std::size_t Nfc::original_end(std::size_t end) const {
  if (spans_.empty()) return end;
  const Span& span = span_at(end);
  if (span.same || span.pos == end) return span.original + (end - span.pos);
  return (&span + 1)->original;
}

}  // namespace aacft
