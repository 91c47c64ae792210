// Noun phrases: found among the words, and written with the article that their place in the sentence asks for.
#pragma once

#include <string>
#include <vector>

#include "realise/words.h"

namespace aacft {

struct NounPhrase {
  std::string negation;                 // no, not
  std::string demonstrative;            // that
  const Pronoun* possessor = nullptr;   // my
  std::string owner;                    // "mum's"
  std::string determiner;               // two
  Count count = Count::kAny;            // of the determiner
  std::vector<std::string> adjectives;  // "very big"
  Word head;                            // "" where "one" is understood

  bool pronoun() const { return head.role == Role::kPronoun; }
  bool subject_pronoun() const { return pronoun() && !head.clitic; }
  bool that() const { return head.role == Role::kThat; }
  bool bare() const {
    return negation.empty() && demonstrative.empty() && !owned() && determiner.empty() && adjectives.empty();
  }
  bool owned() const { return possessor != nullptr || !owner.empty(); }
  bool plural() const;
};

enum class Use { kSubject, kObject, kGeneric, kComplement, kAfterPreposition, kAlone };

struct NounContext {
  Use use = Use::kObject;
  std::string_view preposition = "";  // before it
  const Pronoun* subject = nullptr;   // its own object is reflexive
  bool many = false;                  // said of several: "they are teachers"
  bool only_alive = false;            // many, if they are persons or animals
  bool any = false;                   // "do you have any milk?"
  bool plain_mass = false;            // no "some"
  bool the = false;                   // "open the door"
};

std::string text_of(const NounPhrase& phrase, const NounContext& context);

// "a", "a and b", "a, b and c".
std::string listing(const std::vector<std::string>& parts, std::string_view conjunction = "and");

}  // namespace aacft
