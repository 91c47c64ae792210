// The parts of a sentence: items as they were tapped, verbs with what belongs to them, and the clause they make.
#pragma once

#include <list>
#include <optional>
#include <string>
#include <string_view>
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

// A list, so that what points to one item stays while others are taken away.
using Items = std::list<Item>;

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
  bool often_not = false;           // "I often don't sleep": the frequency before the negation
  bool forbids = false;             // "don't be sad"
  bool there = false;               // "there is some tea"
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
  bool joined = false;              // by a conjunction that was tapped
};

inline bool is_noun(const Item& item) { return item.kind == ItemKind::kNoun; }
inline bool is_verb(const Item& item) { return item.kind == ItemKind::kVerb; }
bool is_predicate(const Item& item);             // "big", "here", "in the park"
bool is_place(const Item& item);                 // "here", "in the park", not "with mum"
bool is_object_pronoun(const NounPhrase& noun);  // him; not his, nor that
bool alive(const NounPhrase& noun);              // persons, animals and pronouns

bool wants(const Word& verb);    // want, need, like, love, hate: they lead what is wanted
bool is_will(const Word& verb);  // had or wished for: without a subject, it is the speaker who does it
bool has_object(const Group& group);

Group group_of(std::string_view plain_verb, std::vector<Item> after = {});
Item item_of(NounPhrase noun);
Item item_of(ItemKind kind, const Word& word);
Item preposition(std::string_view text);
NounPhrase phrase_of(std::string_view subject_pronoun);

// "cap, them": their cap. Whether the two are one now, in `item`.
bool make_possessive(Item& item, const Item& owner);

}  // namespace aacft
