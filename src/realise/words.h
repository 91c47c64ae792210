// What an icon's word does in a sentence.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aacft/boards/icon.h"
#include "aacft/boards/lexicon.h"
#include "aacft/english/english.h"

namespace aacft {

enum class Role {
  kNoun,
  kPronoun,      // I, him, mine, who stands alone
  kThat,         // that, this, those, these: a pronoun, or a determiner of what follows
  kPossessive,   // my, "his"; "mum's", without pronoun
  kDeterminer,   // some, two, every, many, another
  kAdjective,    // qualities
  kDegree,       // very
  kPlace,        // outside; "behind" is a preposition, too
  kTime,         // tomorrow
  kFrequency,    // always
  kManner,       // quickly, again, too
  kWh,           // where, how many
  kPreposition,  // with
  kConjunction,  // and, because
  kVerb,
  kModal,  // can, must
  kLets,
  kNo,   // "no": an answer, or a negation of the noun phrase after it, or of the verb
  kNot,  // of the verb
  kPast,
  kFuture,
  kDot,
  kQuestion,
  kPhrase,        // a sentence by itself: "what is your name?"
  kInterjection,  // before or after a sentence, with a comma: please
  kVocative,      // who is spoken to: "mum, I want tea"
};

struct Pronoun {
  std::string_view subject, object, possessive, absolute, reflexive;
  int person;
  bool plural;
};

// How a determiner counts.
enum class Count { kAny, kOne, kMany, kMass };

struct Word {
  Role role = Role::kNoun;
  std::string text;  // as in the middle of a sentence: "want", "Monday", "what is your name?"
  const LexiconEntry* entry = nullptr;
  const Pronoun* pronoun = nullptr;  // of kPronoun and kPossessive
  bool clitic = false;               // a pronoun typed as an object
  bool absolute = false;             // mine, yours
  bool reflexive = false;            // yourself; "myself" is "me" on the talk's boards
  bool plural = false;               // nouns: these are many
  std::string negation;              // verbs: their own, "try not to cry", "never"
  bool mass = false, portion = false, name = false, the = false;
  english::NounClass noun_class = english::NounClass::kThing;
  Count count = Count::kAny;  // of determiners
  int tense = 0;              // of times: -1 past, 1 future

  const std::string* form(std::string_view key) const { return entry == nullptr ? nullptr : entry->form(key); }
  bool has(std::string_view key) const { return form(key) != nullptr; }
  bool is(std::string_view word) const { return text == word; }
  bool person() const { return noun_class == english::NounClass::kPerson; }
  bool alive() const { return person() || noun_class == english::NounClass::kAnimal; }
};

// What an icon says; never fails. "tomorrow / in the future" is "tomorrow", "to run" is "run", "(an)other" is
// "another".
Word word_of(const Icon& icon, const Lexicon& lexicon);

Word word_of_pronoun(const Pronoun& pronoun, bool object);
const Pronoun* pronoun_of(std::string_view form);  // by its subject, object or reflexive form; nullptr: none

// Inflection, by the lexicon's forms and else by rule.
std::string plural_form(const Word& noun);
std::string third_form(const Word& verb);
std::string past_form(const Word& verb);
std::string participle_form(const Word& verb);
std::string ing_form(const Word& verb);

// Kinds of verb, by their plain form.
bool takes_to(const Word& verb);                    // want to go
bool takes_gerund(const Word& verb);                // stop talking
bool takes_bare(const Word& verb);                  // let go, see him go
bool reports(const Word& verb);                     // think he is happy
bool knows(const Word& verb);                       // know why
bool takes_two(const Word& verb);                   // give him it
bool is_state(const Word& verb);                    // know: no "am knowing", and said of oneself
bool is_motion(const Word& verb);                   // go to a place
bool is_intransitive(const Word& verb);             // objects need a preposition
bool is_generic(const Word& verb);                  // like dogs
bool is_weather(const Word& verb);                  // it rains
bool is_of_the(const Word& verb);                   // open the door
bool is_of_body(const Word& verb);                  // wash my hands
bool goes_doing(const Word& verb);                  // go swimming
std::string_view preposition_of(const Word& verb);  // listen to; "" for none

bool is_state_of_mind(const Word& adjective);  // tired: said of a person
bool is_body_part(const Word& noun);
bool is_command(const Word& adjective);  // be quiet
bool is_place_preposition(std::string_view preposition);

// What does or says something, and what negates.
inline bool acts(const Word& word) {
  return word.role == Role::kVerb || word.role == Role::kModal || word.role == Role::kLets;
}
inline bool negates(const Word& word) { return word.role == Role::kNo || word.role == Role::kNot; }
bool is_negative(const Word& word);  // never, nobody, nothing: they negate what they stand in
bool is_proper(const Word& noun);    // mum, London, Monday; not "school", which only has no article

}  // namespace aacft
