// Pieces of text that every kind of clause has.
#pragma once

#include <string>
#include <string_view>

#include "realise/syntax.h"

namespace aacft {

void add(std::string& text, std::string_view word);  // with a blank between, where both say something

const Pronoun* subject_pronoun(const Clause& clause);  // where it is one pronoun alone; nullptr: it is not
const Pronoun& owner(const Clause& clause);            // whose hands are washed

std::string subject_text(const Clause& clause);
std::string reflexive(const Clause& clause, std::string verb);  // "dry one's hands", "dress oneself", "brush teeth"
std::string frequency_text(const Clause& clause);
std::string wh_text(const Clause& clause);

bool tells_tense(const Clause& clause);  // "tomorrow", said beside the verb
void add_times(std::string& text, const Clause& clause);

}  // namespace aacft
