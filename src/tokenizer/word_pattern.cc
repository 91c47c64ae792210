#include "aacft/tokenizer/word_pattern.h"

#include <algorithm>

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

// The same, in either case. The long s is an s, too.
std::size_t contraction_length_any_case(std::string_view text) {
  if (text.starts_with("'\u017F")) return 3;
  std::string lower(text.substr(0, 3));
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return contraction_length(lower);
}

// "\s+(?!\S)|\s+" at white space: a run that is followed by something else leaves its last character to that, unless
// it has only one.
std::size_t space_length(std::string_view text) {
  std::size_t last = 0, pos = 0;
  while (pos < text.size()) {
    std::size_t next = pos;
    if (char_class(next_code_point(text, next)) != CharClass::kSpace) return last > 0 ? last : pos;
    last = pos;
    pos = next;
  }
  return pos;
}

std::size_t gpt2_length(std::string_view text) {
  if (const std::size_t length = text[0] == '\'' ? contraction_length(text) : 0; length > 0) return length;

  // " ?X+" for the three classes that are not white space.
  std::size_t pos = text[0] == ' ' && text.size() > 1 ? 1 : 0;
  const CharClass first = char_class(next_code_point(text, pos));
  if (first != CharClass::kSpace) return run_end(text, pos, first);
  return space_length(text);
}

bool is_newline(char c) { return c == '\r' || c == '\n'; }

std::size_t llama3_length(std::string_view text, std::size_t most_digits) {
  if (const std::size_t length = text[0] == '\'' ? contraction_length_any_case(text) : 0; length > 0) return length;

  std::size_t pos = 0;
  CharClass kind = char_class(next_code_point(text, pos));
  if (kind == CharClass::kLetter) return run_end(text, pos, kind);
  if (kind == CharClass::kNumber) {
    for (std::size_t digits = 1; digits < most_digits && pos < text.size(); ++digits) {
      std::size_t next = pos;
      if (char_class(next_code_point(text, next)) != CharClass::kNumber) break;
      pos = next;
    }
    return pos;
  }
  // Anything but a newline may lead letters, a space may lead what is neither letter nor number nor space.
  if (!is_newline(text[0]) && pos < text.size()) {
    std::size_t next = pos;
    const CharClass second = char_class(next_code_point(text, next));
    if (second == CharClass::kLetter) return run_end(text, next, second);
    if (second == CharClass::kOther && text[0] == ' ') kind = second, pos = next;
  }
  if (kind == CharClass::kOther) {
    pos = run_end(text, pos, kind);
    while (pos < text.size() && is_newline(text[pos])) ++pos;
    return pos;
  }
  // "\s*[\r\n]+": up to the last newline of the run.
  const std::string_view run = text.substr(0, run_end(text, pos, CharClass::kSpace));
  const std::size_t newline = run.find_last_of("\r\n");
  return newline != std::string_view::npos ? newline + 1 : space_length(text);
}

#define AACFT_LLAMA3_WORDS(digits)                                                                       \
  R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|)" digits R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*)" \
  R"([\r\n]+|\s+(?!\S)|\s+)"

}  // namespace

std::string_view regular_expression(WordPattern pattern) {
  switch (pattern) {
    case WordPattern::kLlama3: return AACFT_LLAMA3_WORDS(R"(\p{N}{1,3})");
    case WordPattern::kQwen2: return AACFT_LLAMA3_WORDS(R"(\p{N})");
    case WordPattern::kGpt2: break;
  }
  return R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
}

std::optional<WordPattern> word_pattern(std::string_view expression) {
  for (const WordPattern pattern : {WordPattern::kGpt2, WordPattern::kLlama3, WordPattern::kQwen2}) {
    if (expression == regular_expression(pattern)) return pattern;
  }
  return std::nullopt;
}

std::size_t word_length(WordPattern pattern, std::string_view text) {
  switch (pattern) {
    case WordPattern::kLlama3: return llama3_length(text, 3);
    case WordPattern::kQwen2: return llama3_length(text, 1);
    case WordPattern::kGpt2: break;
  }
  return gpt2_length(text);
}

}  // namespace aacft
