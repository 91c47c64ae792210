// Icons written as plain words, for the command line and for tests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aacft/boards/icon.h"
#include "aacft/boards/lexicon.h"

namespace aacft {

// "I past eat apple", "you want ice_cream question", "mum, dad, be, 'very happy'": words between spaces, or between
// commas where there is one; "_" or quotes hold several words together, and so does the lexicon ("ice cream" is one
// icon where it has it). A type may follow a word: bow/NOUN. Otherwise the lexicon tells it; of a word that has
// several, a verb is taken where a verb is due. "?" and "." are the question and dot icons. What the lexicon does not
// know is a NOUN, and is added to unknown, if given. Error for an unknown type.
std::vector<Icon> icons_of_words(std::string_view text, const Lexicon& lexicon,
                                 std::vector<std::string>* unknown = nullptr);

}  // namespace aacft
