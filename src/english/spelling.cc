#include "aacft/english/spelling.h"

#include "aacft/english/noun_tables.h"

namespace aacft::english {

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return lower;
}

int vowel_groups(std::string_view word) {
  int groups = 0;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const bool vowel = is_vowel(word[i]) || (word[i] == 'y' && i > 0);
    const bool before = i > 0 && (is_vowel(word[i - 1]) || (word[i - 1] == 'y' && i > 1));
    const bool qu = i > 0 && word[i] == 'u' && word[i - 1] == 'q';
    groups += vowel && !before && !qu;
  }
  return groups;
}

std::string_view last_word(std::string_view text) {
  const std::size_t at = text.find_last_of(" -");
  return at == std::string_view::npos ? text : text.substr(at + 1);
}

std::string_view first_word(std::string_view text) { return text.substr(0, text.find(' ')); }

std::string with_plural_s(std::string_view word, bool verb) {
  std::string text(word);
  const std::string lower = lower_case(word);
  const auto ends = [&](std::string_view tail) { return lower.ends_with(tail); };
  if (ends("y") && text.size() > 1 && is_consonant(text[text.size() - 2]))
    return text.substr(0, text.size() - 1) + "ies";
  if (verb && ends("z") && !ends("zz") && text.size() > 1 && is_vowel(text[text.size() - 2]))
    return text + "zes";  // quizzes
  if (ends("s") || ends("x") || ends("z") || ends("sh") || (ends("ch") && !listed(kHardCh, lower))) return text + "es";
  if (ends("o") && text.size() > 1 && is_consonant(text[text.size() - 2]) && (verb || listed(kTakesEs, lower)))
    return text + "es";
  return text + "s";
}

}  // namespace aacft::english
