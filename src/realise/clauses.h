// What stands between interjections: clauses with their conjunctions, what is reported, and what is set against it.
#pragma once

#include <string>
#include <vector>

#include "realise/words.h"

namespace aacft {

// "I am happy because you are here", "if I am tired, I don't go", "I think he is happy", "I want to go home, no
// school".
std::string clauses_text(std::vector<Word> words);

// Do the clauses ask? Not "I no know where mum".
bool asks(const std::vector<Word>& words);

// "I tired", "stop": a question beside it does not ask of the speaker, unless it is what the speaker may or can.
bool is_of_speaker(const std::vector<Word>& words);

// "do you want tea": the first two words, and a verb to come.
bool asks_with_do(const std::vector<Word>& words);

}  // namespace aacft
