// Where one sentence of a prompt without dots ends and the next begins, so that a negation stays with what it negates.
#pragma once

#include <vector>

#include "realise/words.h"

namespace aacft {

// "I want tea I no want coffee" is two sentences, and so is "I can swim no run": the subject and "can" are said again.
// Words without a negation are one sentence, as they are.
std::vector<std::vector<Word>> sentences_of(std::vector<Word> words);

}  // namespace aacft
