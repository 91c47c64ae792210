// Word lists behind english.h, as "|word|word|...|".
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "aacft/english/english.h"

namespace aacft::english {

using WordList = std::string_view;

// Is it in the list? Lower case.
bool listed(const WordList& list, std::string_view word);

extern const WordList
    kPluralOnly;  // always plural: scissors, trousers, people; the same word for one and many is not here
extern const WordList kSingularS;     // end in s and are one: bus, lens
extern const WordList kNotMen;        // end in man or men, and are not men: human, specimen
extern const WordList kPortions;      // mass, taken by the bit
extern const WordList kMass;          // mass, taken whole
extern const WordList kMeals;         // no article
extern const WordList kGames;         // played without article
extern const WordList kCountPhrases;  // counted, though their last word is mass
extern const WordList kKin;           // names in the mouths of a family
extern const WordList kBareNouns;     // without article, though not names by their spelling
extern const WordList kNotNames;      // have an article, though capitalised
extern const WordList kPersonLike;    // end as persons do, and are things
extern const WordList kOtherNouns;    // nouns that boards file as something else
extern const WordList kHardCh;        // plural in -s after ch: stomachs
extern const WordList kTakesEs;       // plural in -es after o: potatoes
extern const std::pair<NounClass, WordList> kClasses[9];

const std::unordered_map<std::string_view, std::string_view>& irregular_plurals();       // child -> children
const std::unordered_map<std::string_view, std::string_view>& irregular_plural_forms();  // children -> child

}  // namespace aacft::english
