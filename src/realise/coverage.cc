#include "aacft/realise/coverage.h"

#include <algorithm>
#include <set>
#include <string>

#include "aacft/base/utf8.h"
#include "aacft/english/english.h"
#include "aacft/unicode/characters.h"

namespace aacft {
namespace {

using Words = std::vector<std::string>;

// "don't" -> "do", "n't"; "she's" -> "she", "'s"; "won't" -> "will", "n't".
void append_word(Words& words, std::string word) {
  while (word.starts_with('\'')) word.erase(0, 1);
  while (word.ends_with('\'')) word.pop_back();
  if (word.empty()) return;
  if (word == "cannot") word = "can't";
  if (word.ends_with("n't") && word.size() > 3) {
    std::string stem = word.substr(0, word.size() - 3);
    if (stem == "ca") stem = "can";
    if (stem == "wo") stem = "will";
    if (stem == "sha") stem = "shall";
    words.push_back(stem);
    words.push_back("n't");
    return;
  }
  const std::size_t apostrophe = word.rfind('\'');
  words.push_back(word.substr(0, apostrophe));
  if (apostrophe != word.npos) words.push_back(word.substr(apostrophe));
}

// In lower case, cut at whatever is neither letter, digit nor apostrophe.
Words words_of(std::string_view text) {
  Words words;
  std::string word;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    const bool mark = is_mark(c);
    if (c == U'\'' || c == U'\u2019') {
      word += '\'';
    } else if (mark || char_class(c) == CharClass::kLetter || char_class(c) == CharClass::kNumber) {
      append_utf8(word, lower_case(c));
    } else {
      append_word(words, std::move(word));
      word.clear();
    }
  }
  append_word(words, std::move(word));
  return words;
}

// Part's words in this order, perhaps with others between them.
bool in_order(const Words& part, const Words& words) {
  auto at = words.begin();
  for (const std::string& word : part) {
    at = std::find(at, words.end(), word);
    if (at == words.end()) return false;
    ++at;
  }
  return !part.empty();
}

bool has_any(const Words& words, const std::set<std::string_view>& wanted) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) { return wanted.contains(word); });
}

// Words whose forms no rule makes. A row's forms stand for each other: whichever of them is tapped, any of them may be
// said.
const std::vector<std::set<std::string_view>> kTogether = {
    {"i", "me", "my", "mine", "myself"},
    {"you", "your", "yours", "yourself", "yourselves", "ya"},
    {"he", "him", "his", "himself"},
    {"she", "her", "hers", "herself"},
    {"it", "its", "itself"},
    {"we", "us", "our", "ours", "ourselves"},
    {"they", "them", "their", "theirs", "themselves", "themself"},
    {"that", "those"},
    {"be", "am", "is", "are", "was", "were", "been", "being", "'m", "'re", "'s", "ain"},
    {"have", "has", "had", "having", "'ve", "'s", "'d"},
    {"do", "does", "did", "done", "doing"},
    {"can", "could", "able"},
    {"will", "would", "'ll", "'d"},
    {"want", "wants", "wanted", "wanting", "wanna"},
    {"go", "goes", "went", "gone", "going", "gonna"},
    {"much", "many"},
};

// "big" -> "bigger", "biggest"; "happy" -> "happier", "happiest".
std::vector<std::string> degrees(const std::string& word) {
  std::string stem = word;
  const auto vowel = [&](std::size_t from_end) {
    return std::string_view("aeiou").find(word[word.size() - from_end]) != std::string_view::npos;
  };
  if (word.size() < 3) return {};
  if (word.ends_with('e')) {
    stem.pop_back();
  } else if (word.ends_with('y') && !vowel(2)) {
    stem.back() = 'i';
  } else if (!vowel(1) && vowel(2) && !vowel(3) &&
             std::string_view("wxy").find(word.back()) == std::string_view::npos) {
    stem += word.back();
  }
  return {stem + "er", stem + "est"};
}

// "furious": furiously; "happy": happily; "gentle": gently.
std::string regular_adverb(const std::string& word) {
  if (word.ends_with("le")) return word.substr(0, word.size() - 1) + "y";
  if (word.ends_with('y')) return word.substr(0, word.size() - 1) + "ily";
  return word + (word.ends_with("ic") ? "ally" : "ly");
}

// What may be said for one icon's word or phrase, each as words. People turn nouns into verbs and back, so the type
// does not limit the forms.
std::vector<Words> forms_of(const std::string& word) {
  const std::string plain = english::plain_form(word);
  std::vector<std::string> forms = {word,
                                    plain,
                                    english::plural_of(word),
                                    english::third_person(plain),
                                    english::past(plain),
                                    english::participle(plain),
                                    english::gerund(plain)};
  if (word.find(' ') == word.npos) {
    forms.push_back(english::adverb_of(word));
    forms.push_back(regular_adverb(word));
    for (std::string& degree : degrees(word)) forms.push_back(std::move(degree));
  }
  std::vector<Words> result;
  for (const std::string& form : forms) result.push_back(words_of(form));
  return result;
}

// "I'd love some tea": how people want politely.
bool says_wish(const Words& said) {
  for (const char* would : {"would", "'d"})
    for (const char* wish : {"love", "like"})
      if (in_order({would, wish}, said)) return true;
  return false;
}

bool says_negation(const Words& said) {
  return has_any(said, {"not", "n't", "no", "never", "nothing", "nobody", "none", "nowhere", "neither", "nor", "nope",
                        "nah", "without", "dont", "cant", "wont"});
}

bool says_word(const std::string& word, const Words& said) {
  const Words tapped = words_of(word);
  if (tapped.empty()) return true;  // a picture without a word asks for nothing that could be checked
  if (tapped == Words{"let", "'s"})
    return in_order(tapped, said) || in_order({"shall", "we"}, said) ||
           (has_any(said, {"let"}) && has_any(said, {"us", "me", "you", "him", "her", "it", "them"}));
  if (tapped == Words{"want"} && says_wish(said)) return true;
  if (tapped == Words{"no"} && says_negation(said)) return true;
  if (tapped.size() == 1)
    for (const auto& together : kTogether)
      if (together.contains(tapped[0])) return has_any(said, together);
  std::string joined;
  for (const std::string& part : tapped)
    joined += (joined.empty() || part.starts_with('\'') || part == "n't" ? "" : " ") + part;
  if (joined.ends_with(" of") && says_word(joined.substr(0, joined.size() - 3), said))
    return true;  // "lots of" alone: "lots"
  const auto forms = forms_of(joined);
  if (std::any_of(forms.begin(), forms.end(), [&](const Words& form) { return in_order(form, said); })) return true;
  // "gloves" was tapped, "glove" said.
  return std::any_of(said.begin(), said.end(),
                     [&](const std::string& one) { return english::plural_of(one) == joined; });
}

// One of the alternatives of "this / that"; what stands in brackets is a remark.
bool says_any(std::string_view word, const Words& said) {
  std::string text(word);
  for (std::size_t open; (open = text.find('(')) != text.npos;) {
    const std::size_t close = text.find(')', open);
    text.erase(open, close == text.npos ? text.npos : close - open + 1);
  }
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('/', at), text.size());
    const std::string alternative = text.substr(at, end - at);
    if (says_word(alternative, said)) return true;
    at = end + 1;
  }
  return false;
}

bool says_past(const std::vector<Icon>& icons, const Words& said) {
  static const std::set<std::string_view> kAuxiliaries = {"was",   "were",  "did",  "had",  "'d",
                                                          "could", "would", "been", "past", "before"};
  if (has_any(said, kAuxiliaries)) return true;
  for (const Icon& icon : icons) {
    if (icon.type != IconType::kVerb) continue;
    const std::string plain = english::plain_form(icon.word);
    if (in_order(words_of(english::past(plain)), said) || in_order(words_of(english::participle(plain)), said))
      return true;
  }
  // Any other verb, as far as its ending tells.
  static const std::set<std::string_view> kNoVerbs = {"tired",  "hundred", "naked", "wicked",
                                                      "sacred", "bored",   "scared"};
  return std::any_of(said.begin(), said.end(), [](const std::string& word) {
    return word.size() > 4 && word.ends_with("ed") && !word.ends_with("eed") && !kNoVerbs.contains(word);
  });
}

bool says_future(const std::vector<Icon>& icons, const Words& said) {
  // past and future: "I would go"
  const bool past =
      std::any_of(icons.begin(), icons.end(), [](const Icon& icon) { return icon.type == IconType::kTensePast; });
  if (past && has_any(said, {"would", "'d"})) return true;
  return has_any(said, {"will", "'ll", "shall", "gonna", "future", "later"}) || in_order({"going", "to"}, said) ||
         in_order({"about", "to"}, said);
}

}  // namespace

std::vector<bool> icons_used(const std::vector<Icon>& icons, std::string_view sentence) {
  const Words said = words_of(sentence);
  const auto has = [&](std::string_view sign) { return sentence.find(sign) != sentence.npos; };
  std::vector<bool> used;
  for (const Icon& icon : icons) {
    switch (icon.type) {
      case IconType::kNegated: used.push_back(says_negation(said)); break;
      case IconType::kTensePast: used.push_back(says_past(icons, said)); break;
      case IconType::kTenseFuture: used.push_back(says_future(icons, said)); break;
      case IconType::kQuestion: used.push_back(has("?")); break;
      case IconType::kDot: used.push_back(has(".") || has("!") || has("?") || has("\u2026")); break;
      default: used.push_back(says_any(icon.word, said));
    }
  }
  return used;
}

}  // namespace aacft
