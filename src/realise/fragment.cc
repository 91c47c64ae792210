#include "realise/fragment.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "realise/complements.h"
#include "realise/finite.h"
#include "realise/pieces.h"

namespace aacft {
namespace {

// "tonight" says the future already.
bool times_tell(const Clause& clause) {
  const auto tell = [](const std::vector<Item>& times, int tense) {
    return std::any_of(times.begin(), times.end(), [&](const Item& time) { return time.word.tense == tense; });
  };
  const auto told = [&](int tense) { return tell(clause.end_times, tense) || tell(clause.front_times, tense); };
  return (!clause.past || told(-1)) && (!clause.future || told(1));
}

// What no verb can show: "not", "in the past".
std::string with_grammar(const Clause& clause, std::string text) {
  if (clause.negated) text = "not " + text;
  if (clause.wh && times_tell(clause)) return text;
  if (clause.past) add(text, "in the past");
  if (clause.future) add(text, clause.past ? "and the future" : "in the future");
  return text;
}

std::string prepositional_alone(const Clause& clause, const Item& item) {
  return clause.fragment.size() == 1 && !item.has_noun ? item.text : prepositional(item);
}

std::string fragment_text(const Clause& clause, bool without_article) {
  std::string text;
  std::vector<std::string> run;
  NounContext context;
  context.use = Use::kAlone;
  for (std::size_t i = 0; i < clause.fragment.size(); ++i) {
    const Item& item = clause.fragment[i];
    if (item.kind == ItemKind::kNoun) {
      run.push_back(without_article && item.noun.bare() && item.noun.head.role == Role::kNoun
                        ? item.noun.head.text
                        : text_of(item.noun, context));
      if (i + 1 < clause.fragment.size() && clause.fragment[i + 1].kind == ItemKind::kNoun) continue;
      add(text, listing(run, clause.negated && without_article ? "and no" : clause.conjunction));
      run.clear();
      continue;
    }
    const bool states = i > 0 && clause.fragment[i - 1].kind == item.kind && item.kind == ItemKind::kAdjective;
    if (states) add(text, "and");
    add(text, item.kind == ItemKind::kPreposition || item.kind == ItemKind::kPlace ? prepositional_alone(clause, item)
                                                                                   : item.text);
  }
  return text;
}

// "no school today": a day is told of, and nothing refused.
bool is_of_today(const Clause& clause) {
  const auto today = [](const Item& time) { return time.word.is("today"); };
  return std::any_of(clause.end_times.begin(), clause.end_times.end(), today) ||
         std::any_of(clause.front_times.begin(), clause.front_times.end(), today);
}

// "there was a dog", "there won't be any milk".
std::string existential(const Clause& clause) {
  const bool many = clause.fragment[0].noun.plural();
  const Agreement who{3, many};
  std::string auxiliary = clause.past && clause.future ? "would"
                          : clause.future              ? "will"
                          : clause.past                ? past_be(who)
                                                       : present_be(who);
  const NounPhrase& thing = clause.fragment[0].noun;
  if (thing.owned() && tells_tense(clause) && !clause.there && clause.fragment.size() == 1) {  // "my birthday tomorrow"
    NounContext subject;
    subject.use = Use::kSubject;
    std::string owned = text_of(thing, subject) + " " + (clause.negated ? negated(auxiliary) : auxiliary);
    if (clause.future) owned += " be";
    add_times(owned, clause);
    return owned;
  }
  if (clause.negated) auxiliary = negated(auxiliary);
  std::string text;
  const std::string there = clause.fragment[0].noun.pronoun() ? "it" : "there";
  text = clause.question ? auxiliary + " " + there : there + " " + auxiliary;
  add(text, frequency_text(clause));
  if (clause.future) add(text, "be");
  add(text, fragment_text(clause, false));
  add_times(text, clause);
  return text;
}

// "why no school", "why no me": the negation is said in its place.
bool asks_why_not(const Clause& clause) {
  if (!clause.wh->word.is("why") || clause.fragment.size() != 1 || !is_noun(clause.fragment[0]) || clause.past ||
      clause.future)
    return false;
  const NounPhrase& noun = clause.fragment[0].noun;
  return noun.negation == "no" || (noun.pronoun() && clause.negated);
}

std::string wh_fragment(const Clause& clause) {
  std::string text = wh_text(clause);
  add(text, frequency_text(clause));
  if (clause.wh->has_noun || clause.fragment.empty()) {
    add(text, fragment_text(clause, false));
    add_times(text, clause);
    return text;
  }
  const bool why_not = asks_why_not(clause);
  if (why_not && !clause.negated) {
    add(text, "is there");  // "why no school"
    add(text, fragment_text(clause, false));
    add_times(text, clause);
    return text;
  }
  const bool what = clause.wh->word.is("what") || clause.wh->word.is("who");  // "what wrong", "what for dinner"
  const bool me = is_noun(clause.fragment[0]) && clause.fragment[0].noun.pronoun() && clause.wh->word.is("why");
  if (why_not) {
    add(text, "not");
    add(text, fragment_text(clause, false));
    add_times(text, clause);
    return text;
  }
  if ((is_noun(clause.fragment[0]) && !me) || (what && is_predicate(clause.fragment[0])))
    add(text, clause.past ? "was" : "is");
  add(text, fragment_text(clause, false));
  add_times(text, clause);
  return text;
}

// "I will", "they don't", "you".
std::string only_subject(const Clause& clause) {
  std::string text = wh_text(clause);
  const bool marked = clause.past || clause.future || clause.negated;
  if (!marked) {
    NounContext context;
    context.use = Use::kAlone;
    std::vector<std::string> parts;
    for (const NounPhrase& noun : clause.subject) parts.push_back(text_of(noun, context));
    add(text, listing(parts, clause.conjunction));
    add(text, frequency_text(clause));
    add_times(text, clause);
    return text;
  }
  const Agreement who = agreement_of(clause);
  std::string auxiliary = clause.past && clause.future     ? "would"
                          : clause.future                  ? "will"
                          : clause.past                    ? "did"
                          : !who.plural && who.person == 3 ? "does"
                                                           : "do";
  if (clause.negated) auxiliary = negated(auxiliary);
  add(text, clause.question ? auxiliary : subject_text(clause));
  add(text, clause.question ? subject_text(clause) : auxiliary);
  add(text, frequency_text(clause));
  add_times(text, clause);
  return text;
}

std::string only_grammar(const Clause& clause) {
  std::string text;
  if (clause.past && clause.future) {
    text = "in the past and the future";
  } else if (clause.past || clause.future) {
    text = clause.past ? "in the past" : "in the future";
  }
  std::string rest;
  add(rest, frequency_text(clause));
  add_times(rest, clause);
  if (tells_tense(clause)) text.clear();
  if (clause.negated) text = text.empty() && rest.empty() ? "no" : text.empty() ? "not" : "not " + text;
  add(text, rest);
  if (text.empty() && clause.front_times.empty() && clause.question) text = "question";
  return text;
}

}  // namespace

// Without a verb: "an apple", "no apple", "there was an apple", "I will".
std::string fragment(const Clause& clause) {
  if (clause.wh && asks_why_not(clause)) return wh_fragment(clause);
  if (clause.wh) return with_grammar(clause, wh_fragment(clause));
  if (!clause.subject.empty()) return only_subject(clause);
  if (clause.fragment.empty()) return only_grammar(clause);
  std::string text;
  const bool pronouns = clause.fragment[0].kind == ItemKind::kNoun &&
                        (clause.fragment[0].noun.pronoun() || clause.fragment[0].noun.that());
  const bool nouns = clause.fragment[0].kind == ItemKind::kNoun;
  const bool missing = nouns && clause.fragment[0].noun.negation == "no" && is_of_today(clause);
  if ((clause.past || clause.future || clause.there || missing) && nouns) return existential(clause);
  if (clause.past || clause.future) {
    text = fragment_text(clause, false);
    add(text, frequency_text(clause));
    add_times(text, clause);
    return with_grammar(clause, text);
  }
  if (clause.negated)
    text = nouns && !pronouns && clause.frequencies.empty() && clause.fragment[0].noun.bare() &&
                   !clause.fragment[0].noun.head.name
               ? "no"
               : "not";
  add(text, frequency_text(clause));
  add(text, fragment_text(clause, text == "no"));
  add_times(text, clause);
  return text;
}

}  // namespace aacft
