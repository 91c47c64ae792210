// Words gathered into the pieces of a clause.
#pragma once

#include <vector>

#include "realise/syntax.h"

namespace aacft {

// Noun phrases with their determiners and adjectives, prepositions with their noun phrase, degrees with their
// adjective. Words of other kinds (not, past, ...) are left out.
Items items_of(const std::vector<Word>& words);

// "on Monday", "in June", "in the morning"; "" where the noun is not a time.
std::string time_phrase(const NounPhrase& noun);

}  // namespace aacft
