// The verb that shows tense, person and number, and its auxiliaries.
#pragma once

#include <string>

#include "realise/syntax.h"

namespace aacft {

// Whom a verb agrees with.
struct Agreement {
  int person = 3;
  bool plural = false;
};

// A finite verb: what stands before the subject in a question, and what stays after it.
struct Finite {
  std::string auxiliary;  // "do", "can't", "will"; "" for a plain "goes"
  std::string rest;       // "go", "be able to go"
};

Agreement agreement_of(const Clause& clause);
bool those(const Clause& clause);  // "that, shoes": those are shoes

std::string present_be(Agreement who);              // am, is, are
std::string past_be(Agreement who);                 // was, were
std::string negated(const std::string& auxiliary);  // can't, won't, am not

// Of the clause's tense and modal. Inverted: as in questions, where all but be needs an auxiliary. Its negation is not
// in it.
Finite finite(const Clause& clause, const Word& verb, bool inverted);
Finite modal_verb(const Clause& clause, const Word& verb);

}  // namespace aacft
