// Which words of a clause a negation is about.
#pragma once

#include <vector>

#include "realise/words.h"

namespace aacft {

// Decides for each "no" and "not" of a clause: of its verb, kNot; or of the noun phrase after it, kNo with the text
// that stands before that ("no milk", "not mum"). Negations are not doubled: "I not want no tea" is "I don't want any
// tea".
void place_negations(std::vector<Word>& words);

}  // namespace aacft
