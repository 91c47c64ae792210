// A clause: who does what to whom, found among the words of one sentence.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "realise/noun_phrase.h"
#include "realise/words.h"

namespace aacft {

enum class ItemKind { kNoun, kPreposition, kVerb, kModal, kAdjective, kPlace, kTime, kFrequency, kManner, kWh };

// A piece of a clause. Prepositions hold the noun phrase after them; without one they stand alone.
struct Item {
  ItemKind kind = ItemKind::kNoun;
  NounPhrase noun;
  Word word;         // the verb, preposition, adverb, ...
  std::string text;  // adjectives with their degree: "very big"
  bool has_noun = false;
};

// How a verb follows the one before it.
enum class Link { kFirst, kTo, kBare, kGerund, kAnd };

struct Group {
  Word verb;
  Link link = Link::kFirst;
  bool really = false;  // tapped twice
  bool modal = false;   // "be able to", "have to" for a second modal
  std::vector<Item> after;
};

struct Clause {
  bool lets = false, negated = false, past = false, future = false, question = false;
  bool imperative = false;
  std::vector<NounPhrase> subject;  // empty: none needed (let's, commands, fragments)
  std::vector<NounPhrase> topic;    // "the dog, he ..."
  std::optional<Item> wh;           // where, "how many apples"
  bool wh_subject = false;          // who wants ...
  std::optional<Word> modal;
  bool really_modal = false;
  std::vector<Group> groups;   // empty: a fragment
  std::vector<Item> fragment;  // of a clause without verb
  std::vector<Item> front_times, end_times, frequencies;
  std::string conjunction = "and";  // between nouns
};

// The words of one clause, without dots, phrases and interjections. At least one.
Clause analyse(std::vector<Word> words);

Word verb_named(std::string_view plain);
NounPhrase phrase_of(const Pronoun& pronoun, bool clitic);

}  // namespace aacft
