#include "realise/noun_phrase.h"

#include <algorithm>

#include "aacft/english/noun_tables.h"
#include "aacft/english/spelling.h"

namespace aacft {
namespace {

using english::listed;
using english::lower_case;
using english::WordList;

const WordList kTheOnly =
    "|first|second|third|last|next|same|other|only|best|worst|equal|opposite|whole|right|left|main|";
const WordList kBareAfter = "|school|bed|home|work|church|town|prison|jail|hospital|college|university|nursery|";
const WordList kIndefiniteAfter = "|with|without|like|by|as|";

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() || word.empty() ? "" : " ") + word;
  return text;
}

std::string head_text(const NounPhrase& phrase, bool many) {
  if (phrase.head.text.empty() && !phrase.adjectives.empty() && phrase.adjectives.back() == "favourite") return {};
  if (phrase.head.text.empty()) return many || phrase.count == Count::kMany ? "ones" : "one";
  return many ? plural_form(phrase.head) : phrase.head.text;
}

std::string with_indefinite(const std::string& text) { return english::indefinite_article(text) + " " + text; }

bool takes_the(const NounPhrase& phrase) {
  if (phrase.head.the && phrase.bare()) return true;
  for (const std::string& adjective : phrase.adjectives)
    if (listed(kTheOnly, adjective)) return true;
  return false;
}

std::string pronoun_text(const NounPhrase& phrase, const NounContext& context) {
  const Pronoun& pronoun = *phrase.head.pronoun;
  if (phrase.head.absolute) return std::string(pronoun.absolute);
  if (context.use == Use::kSubject || (context.use == Use::kAlone && !phrase.head.clitic))
    return std::string(pronoun.subject);
  if (context.subject == &pronoun || phrase.head.reflexive) return std::string(pronoun.reflexive);
  return std::string(pronoun.object);
}

std::string demonstrative_text(const std::string& word, bool many) {
  if (!many) return word == "these" ? "this" : word == "those" ? "that" : word;
  return word == "this" || word == "these" ? "these" : "those";
}

// Food and drink come in portions: "two coffees".
bool counts_portions(const NounPhrase& phrase) {
  static constexpr std::string_view kNumbers = "|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|";
  const bool digits = phrase.determiner.find_first_not_of("0123456789") == std::string::npos;
  return phrase.head.portion && (listed(kNumbers, phrase.determiner) || (digits && phrase.determiner != "1"));
}

// "two dogs", "much water", "all the dogs", "another dog".
std::string with_determiner(const NounPhrase& phrase, const std::string& before) {
  std::string word = phrase.determiner;
  const bool headless = phrase.head.text.empty() && phrase.adjectives.empty();
  if (headless)
    return before + (word == "every" || word == "another" || word == "each" || word == "the" ? word + " one"
                     : word == "a"                                                           ? "A"
                                                                                             : word);
  const bool bare =
      phrase.adjectives.empty() && listed(kBareAfter, lower_case(phrase.head.text)) && word.ends_with("more");
  const bool mass = phrase.head.mass || bare;  // "no more school"
  const bool many = !mass && (phrase.count == Count::kMany || phrase.count == Count::kMass || phrase.head.plural);
  if (mass && word == "many") word = "much";
  if (!mass && word == "much") word = "many";
  if (!mass && word == "less") word = "fewer";
  if (mass && (word == "few" || word == "a few")) word = word == "few" ? "little" : "a little";
  if (word == "a lot" || word == "lots" || word == "a bit") word += " of";
  if (word == "all" || word == "half") word += " the";
  if (word == "an") word = "a";
  std::string rest = joined(phrase.adjectives);
  rest += (rest.empty() ? "" : " ") +
          (counts_portions(phrase) ? english::plural_of(phrase.head.text) : head_text(phrase, many));
  if (word == "a") return before + with_indefinite(rest);
  return before + word + " " + rest;
}

std::string article(const NounPhrase& phrase, const NounContext& context, bool many, const std::string& rest) {
  const Word& head = phrase.head;
  const std::string word = lower_case(head.text);
  if (takes_the(phrase)) return "the ";
  if (head.name) return "";
  if (context.the) return "the ";
  if (phrase.adjectives.empty() && (listed(kBareAfter, word) || head.has("bare")) &&
      (context.use == Use::kGeneric || (context.use == Use::kAfterPreposition && context.preposition != "with")))
    return "";
  if (context.use == Use::kSubject) return head.mass && !head.portion && phrase.adjectives.empty() ? "" : "the ";
  if (head.mass && context.use == Use::kObject && head.portion && !context.plain_mass)
    return context.any ? "any " : "some ";
  if (head.mass) return "";
  if (context.preposition == "by" && head.noun_class == english::NounClass::kVehicle) return "";
  if (context.use == Use::kAfterPreposition && head.noun_class == english::NounClass::kAnimal && !many) return "the ";
  if (context.use == Use::kAfterPreposition && !listed(kIndefiniteAfter, context.preposition)) {
    const bool meal = english::is_mass(word);
    return meal ? "" : "the ";
  }
  if (many) return "";
  if (phrase.adjectives.empty() && head.has("article")) return *head.form("article") + " ";
  return english::indefinite_article(rest) + " ";
}

}  // namespace

bool NounPhrase::plural() const {
  if (pronoun()) return head.plural && !head.absolute;
  if (that()) return head.is("these") || head.is("those");
  if (head.mass) return false;
  const bool enough = determiner == "enough" && head.text.empty();
  return head.plural || (count == Count::kMany && !determiner.empty() && !enough);
}

// "no milk", "not mum", "not a dog".
static std::string negated_text(NounPhrase phrase, const NounContext& context) {
  const std::string negation = std::move(phrase.negation);
  phrase.negation.clear();
  if (negation == "no" && phrase.determiner.empty() && !phrase.owned() && phrase.demonstrative.empty()) {
    phrase.determiner = negation;
    return with_determiner(phrase, "");
  }
  NounContext without_some = context;
  without_some.plain_mass = true;
  return negation + " " + text_of(phrase, without_some);
}

std::string text_of(const NounPhrase& phrase, const NounContext& context) {
  if (!phrase.negation.empty()) return negated_text(phrase, context);
  if (phrase.pronoun()) return pronoun_text(phrase, context);
  if (phrase.that())
    return context.many && context.use == Use::kSubject ? demonstrative_text(phrase.head.text, true) : phrase.head.text;
  std::string before;
  if (!phrase.owner.empty()) before = phrase.owner + " ";
  if (phrase.possessor != nullptr) before = std::string(phrase.possessor->possessive) + " ";
  if (!phrase.demonstrative.empty()) before = demonstrative_text(phrase.demonstrative, phrase.plural()) + " ";
  if (!phrase.determiner.empty()) {
    if (phrase.owned() && (phrase.determiner == "all" || phrase.determiner == "both" || phrase.determiner == "half"))
      return phrase.determiner + " " + before + head_text(phrase, !phrase.head.mass && phrase.determiner != "half");
    return with_determiner(phrase, before);
  }
  const bool generic = context.use == Use::kGeneric && !phrase.head.name && !phrase.head.mass && before.empty() &&
                       !phrase.head.the && !takes_the(phrase);
  const bool said_of_many = context.many && context.use == Use::kComplement && before.empty() && !phrase.head.name &&
                            !phrase.head.mass && !takes_the(phrase) &&
                            phrase.head.noun_class != english::NounClass::kPlace &&
                            (!context.only_alive || phrase.head.alive());
  const bool school = generic && phrase.adjectives.empty() && listed(kBareAfter, lower_case(phrase.head.text));
  const bool many = (generic && !school) || said_of_many || (phrase.head.plural && !phrase.head.mass);
  std::string rest = joined(phrase.adjectives);
  const std::string head = head_text(phrase, many);
  rest += (rest.empty() || head.empty() ? "" : " ") + head;
  if (!before.empty()) return before + rest;
  return article(phrase, context, many, rest) + rest;
}

std::string listing(const std::vector<std::string>& parts, std::string_view conjunction) {
  // "two coffees, one tea, no milk": what is and what is not are not joined by "and".
  const auto negated = [](const std::string& part) { return part.starts_with("no ") || part.starts_with("not "); };
  const auto negations = std::count_if(parts.begin(), parts.end(), negated);
  const bool mixed = negations > 0 && negations < static_cast<std::ptrdiff_t>(parts.size());
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += i + 1 == parts.size() && !mixed ? " " + std::string(conjunction) + " " : ", ";
    text += parts[i];
  }
  return text;
}

}  // namespace aacft
