// What a word may do between others, for telling where one sentence ends and the next begins.
#pragma once

#include "aacft/english/noun_tables.h"
#include "realise/syntax.h"
#include "realise/words.h"

namespace aacft {

inline bool denies(const Word& word) { return negates(word) || is_negative(word); }
inline bool is_tense(const Word& word) { return word.role == Role::kPast || word.role == Role::kFuture; }

// What may stand between a subject and its verb.
inline bool is_between(const Word& word) {
  return is_tense(word) || word.role == Role::kFrequency || word.role == Role::kDegree || word.role == Role::kTime;
}

// "you" and "it" are subjects and objects, whichever of them was looked up.
inline bool object_too(const Word& word) { return word.is("you") || word.is("it"); }
inline bool nominative(const Word& word) {
  return word.role == Role::kPronoun && !word.absolute && (!word.clitic || object_too(word));
}
inline bool does(const Word& word) { return word.role == Role::kVerb || word.role == Role::kModal; }
inline bool only_nominative(const Word& word) { return nominative(word) && !object_too(word); }

// "dog", "that", "him": a subject where a negation and a verb follow.
inline bool names(const Word& word) {
  return word.role == Role::kNoun || word.role == Role::kThat || (word.role == Role::kPronoun && !word.absolute);
}

inline bool leads_noun(const Word& word) { return word.role == Role::kPossessive || word.role == Role::kDeterminer; }
inline bool states(const Word& word) { return word.role == Role::kAdjective || word.role == Role::kPlace; }

// "want no go", "try no cry", "do no touch": the verb after the negation belongs to this one. "stop no talk" is two.
inline bool governs(const Word& verb) {
  if (verb.is("stop") || verb.is("finish") || verb.is("wait")) return false;
  return verb.role == Role::kModal || verb.is("be") || verb.is("do") || wants(verb) || takes_to(verb) ||
         takes_gerund(verb) || takes_bare(verb) || reports(verb);
}

inline bool repeats(const Word& one, const Word& other) {
  return one.role == Role::kVerb && other.role == Role::kVerb && one.text == other.text;
}

// "I have dog no bark", "I call mum no come": what they name does not do the next thing.
inline bool names_a_doer(const Word& verb) {
  return verb.is("have") || verb.is("call") || verb.is("phone") || verb.is("invite");
}

// Nobody does it to somebody.
inline bool is_of_things(const Word& verb) {
  return english::listed("|eat|drink|cook|bake|read|write|draw|paint|sing|try|learn|start|begin|finish|open|close|",
                         verb.text);
}

inline bool is_time_noun(const Word& noun) {
  using english::NounClass;
  return noun.noun_class == NounClass::kDay || noun.noun_class == NounClass::kMonth ||
         noun.noun_class == NounClass::kDayPart || noun.noun_class == NounClass::kPeriod;
}

}  // namespace aacft
