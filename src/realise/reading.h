// What words mean beside each other, decided before a prompt is cut into sentences.
#pragma once

#include <vector>

#include "aacft/boards/lexicon.h"
#include "realise/words.h"

namespace aacft {

// "it rain so I go": so joins. "red one": one is a thing. "two more": one amount. "I cold": a quality. "mum bag": her
// bag. "scared dog": of the dog. "say yes": what is said. "12 year old": an age.
void read_together(std::vector<Word>& words, const Lexicon& lexicon);

// Who is spoken to: "mum I want tea", "help me dad". Their role becomes kVocative.
void find_vocatives(std::vector<Word>& words);

}  // namespace aacft
