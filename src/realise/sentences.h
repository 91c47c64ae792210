// Where one sentence of a prompt without dots ends and the next begins, so that a negation stays with what it negates.
#pragma once

#include <vector>

#include "realise/words.h"

namespace aacft {

// "I want tea I no want coffee" is two sentences, and so is "I can swim no run": the subject and "can" are said again.
// "I love you you no love me": "you" is the second's subject. Where no word negates, only a pronoun begins a
// second sentence, and where somebody acts in the first.
std::vector<std::vector<Word>> sentences_of(std::vector<Word> words);

// What follows "if" or "because" at the start of a sentence: "I tired I no go", "no rain I go".
std::vector<std::vector<Word>> clauses_of(std::vector<Word> words);

// "when" between two clauses joins them: "when I tired I no go", "I no cry when mum come". Otherwise it asks.
void join_by_when(std::vector<Word>& words);

}  // namespace aacft
