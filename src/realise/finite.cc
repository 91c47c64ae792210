#include "realise/finite.h"

#include <array>

namespace aacft {

std::string present_be(Agreement who) { return who.plural || who.person == 2 ? "are" : who.person == 1 ? "am" : "is"; }
std::string past_be(Agreement who) { return who.plural || who.person == 2 ? "were" : "was"; }

std::string negated(const std::string& auxiliary) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kOdd{{{"can", "can't"},
                                                                                      {"will", "won't"},
                                                                                      {"am", "am not"},
                                                                                      {"may", "may not"},
                                                                                      {"might", "might not"},
                                                                                      {"shall", "shan't"},
                                                                                      {"must", "mustn't"}}};
  for (const auto& [plain, with_not] : kOdd)
    if (auxiliary == plain) return std::string(with_not);
  return auxiliary + "n't";
}

Agreement agreement_of(const Clause& clause) {
  if (clause.wh_subject) {
    const bool many = clause.wh->has_noun && (clause.wh->word.is("how many") || clause.wh->noun.plural());
    return {3, many};
  }
  Agreement who;
  who.plural = clause.subject.size() > 1 && clause.conjunction == "and";
  for (const NounPhrase& noun : clause.subject) {
    who.plural |= noun.plural();
    if (noun.pronoun() && !noun.head.absolute && noun.head.pronoun->person == 1) who.person = 1;
    if (noun.pronoun() && !noun.head.absolute && noun.head.pronoun->person == 2 && who.person == 3) who.person = 2;
  }
  if (clause.subject.size() == 1 && clause.subject[0].that() && those(clause)) who.plural = true;
  return who;
}

bool those(const Clause& clause) {
  if (clause.wh && clause.wh->has_noun && clause.wh->noun.plural() && !clause.groups.empty() &&
      clause.groups[0].verb.is("be"))
    return true;
  if (clause.groups.empty() || !clause.groups[0].verb.is("be") || clause.groups[0].after.empty()) return false;
  const Item& said = clause.groups[0].after[0];
  return said.kind == ItemKind::kNoun && !said.noun.pronoun() && said.noun.plural();
}

Finite finite(const Clause& clause, const Word& verb, bool inverted) {
  const Agreement who = agreement_of(clause);
  const bool past = clause.past, future = clause.future;
  Finite result;
  if (clause.modal) return modal_verb(clause, verb);
  if (past && future) {
    result.auxiliary = "would";
  } else if (future) {
    result.auxiliary = "will";
  } else if (verb.is("be") || verb.is("be able")) {
    result.auxiliary = past ? past_be(who) : present_be(who);
    result.rest = verb.text.substr(2);
    if (!result.rest.empty()) result.rest.erase(0, 1);
    return result;
  } else if (inverted || clause.negated) {
    result.auxiliary = past ? "did" : !who.plural && who.person == 3 ? "does" : "do";
  } else {
    result.rest = past ? past_form(verb) : !who.plural && who.person == 3 ? third_form(verb) : verb.text;
    return result;
  }
  result.rest = verb.text;
  return result;
}

Finite modal_verb(const Clause& clause, const Word& verb) {
  const std::string modal = clause.modal->text;
  const bool past = clause.past, future = clause.future;
  if (modal == "can") {
    if (past && future) return {"would", "be able to " + verb.text};
    if (future) return {"will", "be able to " + verb.text};
    return {past ? "could" : "can", verb.text};
  }
  if (modal == "must" && (past || future))
    return {past && future ? "would"
            : future       ? "will"
                           : "",
            past && !future ? "had to " + verb.text : "have to " + verb.text};
  if (modal == "will" && past) return {"would", verb.text};
  if (past) return {modal, "have " + participle_form(verb)};
  return {modal, verb.text};
}

}  // namespace aacft
