// Which words of a clause a negation is about.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "realise/words.h"

namespace aacft {

// Decides for each "no" and "not" of a clause: of its verb, kNot; of the noun phrase after it, kNo with the text that
// stands before that ("no milk", "not mum"); or of a later verb, which is marked ("try not to cry"). Negations are not
// doubled: "I not want no tea" is "I don't want any tea", "nobody no come" is "nobody comes".
void place_negations(std::vector<Word>& words);

// Where what is set against a clause begins, with its negation: "I want go home, no school", "mum here, no dad", "here,
// not there". Their number: nowhere.
std::size_t contrast_at(const std::vector<Word>& words);

// "not here there": the first of two of a kind is not.
bool contrasts_first(const std::vector<Word>& words);

// What stands there: "no school", "not there". It begins with its negation.
std::string contrast_text(std::vector<Word> words);

}  // namespace aacft
