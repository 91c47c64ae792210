#include "aacft/tokenizer/word_pattern.h"

#include "aacft/base/utf8.h"
#include "aacft/unicode/characters.h"

namespace aacft {
namespace {

std::size_t contraction_length(std::string_view text) {
  for (std::string_view ending : {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"}) {
    if (text.starts_with(ending)) return ending.size();
  }
  return 0;
}

}  // namespace

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

}  // namespace aacft
