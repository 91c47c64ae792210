#include "boards/labels.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "aacft/base/utf8.h"
#include "aacft/data/turns.h"
#include "aacft/english/english.h"
#include "aacft/english/spelling.h"

namespace aacft {
namespace {

using english::lower_case;

constexpr std::size_t kMostBytes = 200;  // of a label

// Without what only tells how it is said ("yes!", "really?"), and with the plain apostrophe.
std::string plain_label(std::string label) {
  constexpr std::string_view kCurly = "\u2019";
  while (!label.empty() && std::string_view(".!?,: ").find(label.back()) != std::string_view::npos) label.pop_back();
  for (std::size_t at; (at = label.find(kCurly)) != label.npos;) label.replace(at, kCurly.size(), "'");
  return label;
}

bool starts_lower(const std::string& word) { return !word.empty() && word[0] == lower_case(word)[0]; }

}  // namespace

std::string clean_label(std::string_view label) {
  std::string clean;
  for (const char c : label.substr(0, complete_utf8_prefix(label.substr(0, kMostBytes)))) {
    const bool blank = static_cast<unsigned char>(c) <= ' ' || c == 0x7F;
    if (blank && (clean.empty() || clean.back() == ' ')) continue;
    if ((c == '}' || c == ';') && clean.ends_with(' ')) clean.pop_back();
    clean += blank ? ' ' : c;
  }
  if (clean.ends_with(' ')) clean.pop_back();
  for (const std::string_view turn : {kBot, kHuman})
    for (std::size_t at; (at = clean.find(turn)) != clean.npos;) clean.erase(at, 1);
  return clean;
}

bool fits_prompt(const std::string& word, const std::string& picture) {
  return !word.empty() && word == clean_label(word) && picture.find_first_of(" \t\r\n;{}") == picture.npos &&
         picture.size() <= kMostBytes;
}

std::string picture_of(std::string_view word) {
  std::string name;
  for (const char c : word)
    name +=
        static_cast<unsigned char>(c) <= ' ' || std::string_view("/;{}").find(c) != std::string_view::npos ? '_' : c;
  return name + ".png";
}

std::string category_title(const std::string& label) {
  std::string title = label.size() < 2 ? "" : label.substr(1, label.size() - 2);
  std::replace(title.begin(), title.end(), '_', ' ');
  return title;
}

std::size_t columns_of_list(std::size_t count) {
  return static_cast<std::size_t>(std::ceil(std::sqrt(1.5 * static_cast<double>(count))));
}

LabelFinder::LabelFinder(const Lexicon& lexicon) : lexicon_(lexicon) {
  for (const LexiconEntry& entry : lexicon.entries()) {
    if (entry.icon.type == IconType::kNoun) add_plural(entry);
    if (entry.icon.type == IconType::kVerb)
      for (const auto& [key, rule] : {std::pair{"past", &english::past},
                                      {"participle", &english::participle},
                                      {"third", &english::third_person},
                                      {"ing", &english::gerund}}) {
        const std::string* irregular = entry.form(key);
        inflected_.emplace(lower_case(irregular != nullptr ? *irregular : rule(entry.icon.word)), &entry);
      }
  }
}

void LabelFinder::add_plural(const LexiconEntry& entry) {
  for (const char* without : {"mass", "pronoun", "phrase", "pair"})
    if (entry.form(without) != nullptr) return;
  const std::string* irregular = entry.form("plural");
  if (irregular != nullptr && irregular->empty()) return;  // is one already
  inflected_.emplace(lower_case(irregular != nullptr ? *irregular : english::plural_of(entry.icon.word)), &entry);
}

LabelFinder::Found LabelFinder::find(const std::string& label) const {
  const std::string plain = plain_label(label);
  for (const std::string& word : {label, plain})
    if (const LexiconEntry* entry = lexicon_.find(word)) return {entry, entry->icon};
  if (const auto found = inflected_.find(lower_case(plain)); found != inflected_.end()) {
    const LexiconEntry& entry = *found->second;
    if (entry.icon.type == IconType::kVerb) return {&entry, entry.icon};
    return {&entry, {starts_lower(entry.icon.word) ? lower_case(plain) : plain, entry.icon.type, entry.icon.picture}};
  }
  // "to run", "is"
  if (const LexiconEntry* entry = lexicon_.find(english::plain_form(lower_case(plain)), IconType::kVerb))
    return {entry, entry->icon};
  return {};
}

}  // namespace aacft
