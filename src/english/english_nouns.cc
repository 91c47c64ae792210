#include <algorithm>
#include <array>
#include <cctype>
#include <unordered_map>

#include "aacft/english/english.h"
#include "aacft/english/noun_tables.h"
#include "aacft/english/spelling.h"

namespace aacft::english {
namespace {

constexpr std::string_view kLinkWords[] = {" of ", " for ",  " with ", " in ", " on ", " to ",
                                           " at ", " from ", " and ",  "-in-", "-of-"};

// Where the head of a noun phrase ends: before the first link word.
std::size_t head_end(std::string_view noun) {
  std::size_t end = noun.size();
  for (const std::string_view link : kLinkWords) {
    const std::size_t at = noun.find(link);
    if (at != std::string_view::npos && at > 0) end = std::min(end, at);
  }
  return end;
}

std::string_view head_word(std::string_view noun) { return last_word(noun.substr(0, head_end(noun))); }

bool all_capitals(std::string_view word) {
  return word.size() > 1 && std::all_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool capital(std::string_view word) { return !word.empty() && word[0] >= 'A' && word[0] <= 'Z'; }

std::string with_case_of(std::string_view model, std::string text) {
  if (capital(model) && !text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

std::string plural_word(std::string_view word) {
  const std::string lower = lower_case(word);
  if (const auto found = irregular_plurals().find(lower); found != irregular_plurals().end())
    return with_case_of(word, std::string(found->second));
  if (listed(kPluralOnly, lower)) return std::string(word);
  if (all_capitals(word)) return std::string(word) + "s";
  for (const std::string_view tail :
       {"man", "woman", "child", "foot", "tooth", "mouse", "goose", "fish", "sheep", "knife", "wife", "shelf"})
    if (lower.size() > tail.size() + 1 && lower.ends_with(tail) && !listed(kNotMen, lower)) {
      const std::string stem(word.substr(0, word.size() - tail.size()));
      return stem + std::string(irregular_plurals().at(tail));
    }
  return with_plural_s(word, false);
}

}  // namespace

std::string plural_of(std::string_view noun) {
  if (noun.empty() || is_plural(noun)) return std::string(noun);
  if (const auto found = irregular_plurals().find(noun); found != irregular_plurals().end())
    return std::string(found->second);
  const std::size_t end = head_end(noun);
  const std::string_view word = last_word(noun.substr(0, end));
  const std::size_t start = end - word.size();
  return std::string(noun.substr(0, start)) + plural_word(word) + std::string(noun.substr(end));
}

bool is_plural(std::string_view noun) {
  const std::string word = lower_case(head_word(noun));
  if (listed(kPluralOnly, word) || irregular_plural_forms().contains(word)) return true;
  if (listed(kSingularS, word) || word.size() < 4 || is_mass(noun)) return false;
  if (word.ends_with("men") && !listed(kNotMen, word) && word.size() > 4)
    return irregular_plural_forms().contains("men") && !word.ends_with("imen") && !word.ends_with("omen");
  if (!word.ends_with('s') || word.ends_with("ss") || word.ends_with("us") || word.ends_with("is") ||
      word.ends_with("'s"))
    return false;
  return true;
}

bool is_mass(std::string_view noun) {
  const std::string word = lower_case(head_word(noun));
  const std::string whole = lower_case(noun);
  if (listed(kCountPhrases, whole)) return false;
  return listed(kPortions, word) || listed(kMass, word) || listed(kMass, whole) || listed(kPortions, whole) ||
         listed(kGames, whole) || listed(kMeals, whole) ||
         (word.size() > 5 && (word.ends_with("ness") || word.ends_with("ology") || word.ends_with("graphy"))) ||
         (word.size() > 6 && word.ends_with("ics") && !listed(kPluralOnly, word));
}

bool is_portion(std::string_view noun) {
  const std::string whole = lower_case(noun);
  return is_mass(noun) &&
         (listed(kPortions, whole) || (!listed(kMass, whole) && listed(kPortions, lower_case(head_word(noun)))));
}

bool is_name(std::string_view noun) {
  const std::string lower = lower_case(noun);
  if (listed(kKin, lower) || listed(kBareNouns, lower)) return true;
  const std::string_view last = last_word(noun);
  if (!capital(noun) || listed(kNotNames, lower)) return false;
  if (noun.size() == 1) return true;                                   // a letter
  if (noun[1] == '-' || all_capitals(first_word(noun))) return false;  // T-shirt, DVD player
  if (is_plural(noun) && noun.find(' ') != std::string_view::npos && !listed(kMass, lower))
    return false;  // Three Wise Men
  return capital(last);
}

std::string indefinite_article(std::string_view next_word) {
  const std::string_view first = first_word(next_word);
  const std::string word = lower_case(first);
  if (word.empty()) return "a";
  for (const std::string_view silent : {"hour", "honest", "honour", "honor", "heir"})
    if (word.starts_with(silent)) return "an";
  const bool spelt = (first.size() > 1 && first.size() < 4 && all_capitals(first)) ||
                     (first.size() == 1 && is_letter(first[0])) ||
                     (first.size() > 1 && is_letter(first[0]) && first[1] == '-');
  if (spelt)
    return std::string_view("aefhilmnorsx").find(word[0]) != std::string_view::npos ? "an"
                                                                                    : "a";  // an MRI scan, a T-shirt
  for (const std::string_view you : {"uni", "use", "usu", "usb", "eu", "ewe", "one", "once", "ufo", "uti", "ura",
                                     "ukulele", "utensil", "ubiq", "unanim"})
    if (word.starts_with(you) && !word.starts_with("unim") && !word.starts_with("unin") && !word.starts_with("unid"))
      return "a";
  if (word[0] == '8' || word.starts_with("11") || word.starts_with("18"))
    return word.starts_with("11") && word.size() > 2 ? "a" : "an";
  return is_vowel(word[0]) ? "an" : "a";
}

NounClass class_of(std::string_view noun) {
  const std::string whole = lower_case(noun), word = lower_case(head_word(noun));
  std::string singular = word;
  if (const auto found = irregular_plural_forms().find(word); found != irregular_plural_forms().end())
    singular = found->second;
  else if (word.size() > 3 && word.ends_with("ies")) singular = word.substr(0, word.size() - 3) + "y";
  else if (word.size() > 4 && word.ends_with("es") &&
           (word[word.size() - 3] == 'h' || word[word.size() - 3] == 's' || word[word.size() - 3] == 'x' ||
            word[word.size() - 3] == 'o'))
    singular = word.substr(0, word.size() - 2);
  else if (word.size() > 3 && word.ends_with('s') && !word.ends_with("ss")) singular = word.substr(0, word.size() - 1);
  for (const std::string& form : {whole, word, singular})
    for (const auto& [noun_class, list] : kClasses)
      if (listed(list, form) &&
          !((noun_class == NounClass::kMonth || noun_class == NounClass::kDay) && !capital(noun) && form != "birthday"))
        return noun_class;  // to march, a march
  if (listed(kKin, whole)) return NounClass::kPerson;
  for (const std::string_view tail :
       {"man", "woman", "ist", "teacher", "girl", "boy", "driver", "seller", "player", "person"})
    if (singular.size() > tail.size() && singular.ends_with(tail) && !listed(kPersonLike, word) &&
        !all_capitals(first_word(noun)))
      return NounClass::kPerson;
  return NounClass::kThing;
}

bool is_noun(std::string_view word) {
  const std::string lower = lower_case(word);
  return class_of(word) != NounClass::kThing || listed(kOtherNouns, lower) ||
         listed(kOtherNouns, lower_case(head_word(word))) || is_mass(word);
}

}  // namespace aacft::english
