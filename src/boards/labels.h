// Words as other programs' boards write them, found in the lexicon.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

#include "aacft/boards/icon.h"
#include "aacft/boards/lexicon.h"

namespace aacft {

// On one line, fit for a prompt: white space is single, " ; " and " }" lose their blank, "<bot>" and "<human>" their
// "<". At most 200 bytes.
std::string clean_label(std::string_view label);

// Whether they can be an icon's as they are.
bool fits_prompt(const std::string& word, const std::string& picture);

// A picture's name for a word that has none: "ice cream" -> "ice_cream.png".
std::string picture_of(std::string_view word);

// "[adverbs_of_place]" -> "adverbs of place".
std::string category_title(const std::string& label);

// Of a grid that is somewhat wider than high, as screens are.
std::size_t columns_of_list(std::size_t count);

class LabelFinder {
 public:
  explicit LabelFinder(const Lexicon& lexicon);

  // The entry of a clean label, and how its icon is written: "Want" -> want; "to eat", "eating", "ate" -> eat; "yes!"
  // -> yes; "Apples" -> apples, of the entry apple. nullptr for a word that the lexicon does not know.
  struct Found {
    const LexiconEntry* entry = nullptr;
    Icon icon;
  };
  Found find(const std::string& label) const;

 private:
  void add_plural(const LexiconEntry& entry);

  const Lexicon& lexicon_;
  std::unordered_map<std::string, const LexiconEntry*> inflected_;  // regular forms too, in lower case
};

}  // namespace aacft
