// Typed text cut into the words of icons.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aacft/boards/icon.h"
#include "aacft/boards/lexicon.h"

namespace aacft {

// As icons_of_words says. Forms that the lexicon does not know are what they are made of: "can't" is can and not,
// "went" is past and go, "is mum here" is mum, be, here and a question.
std::vector<std::string> typed_words(std::string_view text, const Lexicon& lexicon);

// Types that a word has in the lexicon, in their order.
std::vector<IconType> types_of(const std::string& word, const Lexicon& lexicon);

}  // namespace aacft
