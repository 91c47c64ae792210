#include "aacft/unicode/nfc.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <utility>

#include "aacft/base/utf8.h"

namespace aacft {
namespace {

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
