#include "aacft/unicode/nfc.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "aacft/base/utf8.h"

namespace aacft {
namespace {

// The tokenizers library knows the combining marks and the decompositions of Unicode 9. What came later stands for
// itself there and starts anew, so it does here: ids count more than the order of rare marks.
struct Range {
  utf8proc_int32_t first, last;
};
constexpr Range kLater[] = {
    {0x7FD, 0x7FD},     {0x898, 0x89F},     {0x8CA, 0x8D3},     {0x9FE, 0x9FE},     {0xC3C, 0xC3C},
    {0xD3B, 0xD3C},     {0xEBA, 0xEBA},     {0x1715, 0x1715},   {0x1ABF, 0x1ACE},   {0x1DF6, 0x1DFA},
    {0x32FF, 0x32FF},   {0xA7F2, 0xA7F4},   {0xA82C, 0xA82C},   {0xAB69, 0xAB69},   {0x10781, 0x10785},
    {0x10787, 0x107B0}, {0x107B2, 0x107BA}, {0x10D24, 0x10D27}, {0x10EAB, 0x10EAC}, {0x10EFD, 0x10EFF},
    {0x10F46, 0x10F50}, {0x10F82, 0x10F85}, {0x11070, 0x11070}, {0x1133B, 0x1133B}, {0x1145E, 0x1145E},
    {0x11839, 0x1183A}, {0x11930, 0x11930}, {0x11938, 0x11938}, {0x1193D, 0x1193E}, {0x11943, 0x11943},
    {0x119E0, 0x119E0}, {0x11A34, 0x11A34}, {0x11A47, 0x11A47}, {0x11A99, 0x11A99}, {0x11D42, 0x11D42},
    {0x11D44, 0x11D45}, {0x11D97, 0x11D97}, {0x11F41, 0x11F42}, {0x16FF0, 0x16FF1}, {0x1E030, 0x1E06D},
    {0x1E08F, 0x1E08F}, {0x1E130, 0x1E136}, {0x1E2AE, 0x1E2AE}, {0x1E2EC, 0x1E2EF}, {0x1E4EC, 0x1E4EF},
    {0x1F16C, 0x1F16C}, {0x1FBF0, 0x1FBF9}};

bool is_in(std::span<const Range> ranges, utf8proc_int32_t c) {
  const auto found = std::lower_bound(ranges.begin(), ranges.end(), c,
                                      [](const Range& range, utf8proc_int32_t value) { return range.last < value; });
  return found != ranges.end() && found->first <= c;
}

bool is_later(utf8proc_int32_t c) { return is_in(kLater, c); }

int combining_class(utf8proc_int32_t c) { return is_later(c) ? 0 : utf8proc_get_property(c)->combining_class; }

// The full decomposition of one code point, for NFKC the compatible one.
struct Decomposition {
  std::array<utf8proc_int32_t, 24> points;  // none has more than 18
  std::size_t length = 1;

  Decomposition(char32_t c, NormalForm form) {
    points[0] = static_cast<utf8proc_int32_t>(c);
    if (c < 0xA0 || is_later(points[0])) return;
    const int compatible = form == NormalForm::kKC ? UTF8PROC_COMPAT : 0;
    int boundary = 0;
    length = static_cast<std::size_t>(
        utf8proc_decompose_char(points[0], points.data(), points.size(),
                                static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | compatible), &boundary));
  }
  bool starts_with_starter() const { return combining_class(points[0]) == 0; }
};

// Starters that may compose with the character before them.
constexpr Range kSeconds[] = {{0x9BE, 0x9BE},     {0x9D7, 0x9D7},     {0xB3E, 0xB3E},     {0xB56, 0xB57},
                              {0xBBE, 0xBBE},     {0xBD7, 0xBD7},     {0xCC2, 0xCC2},     {0xCD5, 0xCD6},
                              {0xD3E, 0xD3E},     {0xD57, 0xD57},     {0xDCF, 0xDCF},     {0xDDF, 0xDDF},
                              {0x102E, 0x102E},   {0x1161, 0x1175},   {0x11A8, 0x11C2},   {0x1B35, 0x1B35},
                              {0x11127, 0x11127}, {0x1133E, 0x1133E}, {0x11357, 0x11357}, {0x114B0, 0x114B0},
                              {0x114BA, 0x114BA}, {0x114BD, 0x114BD}, {0x115AF, 0x115AF}};

// Whether normalising may change this character, or it the one before. All others stand for themselves, and what comes
// before them has nothing to do with what comes after.
bool may_change(char32_t c, NormalForm form) {
  const auto point = static_cast<utf8proc_int32_t>(c);
  if (is_later(point)) return false;
  const utf8proc_property_t& property = *utf8proc_get_property(point);
  if (property.combining_class != 0 || is_in(kSeconds, point)) return true;
  const bool decomposes = property.decomp_seqindex != UINT16_MAX;
  const bool compatible = property.decomp_type != 0;
  // The canonical decompositions below U+0300 compose to what they were.
  return decomposes && (compatible ? form == NormalForm::kKC : c >= 0x300);
}

// utf8proc_map would do, but it takes quadratic time to order many combining marks in a row.
std::string compose_text(std::string_view text, NormalForm form) {
  std::vector<utf8proc_int32_t> points;
  points.reserve(text.size());
  std::size_t marks = 0;  // where the current run of combining marks began
  const auto order_marks = [&] {
    if (points.size() - marks < 2) return;
    std::stable_sort(points.begin() + static_cast<std::ptrdiff_t>(marks), points.end(),
                     [](auto a, auto b) { return combining_class(a) < combining_class(b); });
  };
  for (std::size_t pos = 0; pos < text.size();) {
    const Decomposition parts(next_code_point(text, pos), form);
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
  // drops it from the text. Nothing composes with U+11A7, or with what is later, so each stretch before one is composed
  // by itself.
  const auto is_apart = [](utf8proc_int32_t c) { return c == 0x11A7 || is_later(c); };
  std::string composed;
  composed.reserve(text.size());
  for (auto begin = points.begin(); begin != points.end();) {
    const auto end = std::find_if(begin + 1, points.end(), is_apart);
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

Nfc::Nfc(std::string_view original, NormalForm form) : original_(original) {
  if (form == NormalForm::kNone) return;
  // Everything below U+0300, whose first byte is 0xCC, stands for itself in NFC and combines with nothing before it.
  const unsigned char first_changed = form == NormalForm::kC ? 0xCC : 0x80;
  std::size_t done = 0;  // bytes of the original that are in composed_
  for (std::size_t pos = 0; pos < original.size();) {
    if (static_cast<unsigned char>(original[pos]) < first_changed) {
      ++pos;
      continue;
    }
    std::size_t end = pos;
    if (!may_change(next_code_point(original, end), form)) {
      pos = end;
      continue;
    }
    // Composed by themselves: the character before, and all that follow and may change.
    std::size_t begin = pos == 0 ? 0 : pos - 1;
    while ((static_cast<unsigned char>(original[begin]) & 0xC0) == 0x80) --begin;
    for (std::size_t next = end; next < original.size(); end = next) {
      if (!may_change(next_code_point(original, next), form)) break;
    }
    const std::string_view stretch = original.substr(begin, end - begin);
    if (const std::string composed = compose_text(stretch, form); composed != stretch) {
      if (done < begin) alignment_.begin_stretch(composed_.size(), done, true);
      composed_.append(original.substr(done, begin - done));
      align(begin, stretch, composed, form);
      composed_.append(composed);
      done = end;
    }
    pos = end;
  }
  if (alignment_.identity()) return;
  alignment_.begin_stretch(composed_.size(), done, true);
  composed_.append(original.substr(done));
}

// Of a stretch of the original that begins at `begin`, and what it becomes, at the end of composed_. Both have the same
// decomposition, and ordering it moves nothing across a starter. So where both have given the same number of decomposed
// code points and a starter follows, they stand at the same place.
void Nfc::align(std::size_t begin, std::string_view stretch, std::string_view composed, NormalForm form) {
  std::size_t pos = 0, original = 0, given = 0, original_given = 0;
  const auto segment_starts = [&] {
    std::size_t ahead = original;
    return original == stretch.size() || Decomposition(next_code_point(stretch, ahead), form).starts_with_starter();
  };
  while (original < stretch.size()) {
    const std::size_t pos_begin = pos, original_begin = original;
    do {
      if (original_given <= given) {
        original_given += Decomposition(next_code_point(stretch, original), form).length;
      } else {
        given += Decomposition(next_code_point(composed, pos), form).length;
      }
    } while (original_given != given || !segment_starts());
    const bool same =
        composed.substr(pos_begin, pos - pos_begin) == stretch.substr(original_begin, original - original_begin);
    alignment_.begin_stretch(composed_.size() + pos_begin, begin + original_begin, same);
  }
}

}  // namespace aacft
