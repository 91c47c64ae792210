#include "realise/understood.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "aacft/english/noun_tables.h"

namespace aacft {
namespace {

using english::listed;

std::string_view understood_verb(const Clause& clause) {
  const Item& first = clause.fragment[0];
  if (first.kind == ItemKind::kAdjective) return "be";
  if (!is_noun(first)) return clause.lets ? "go" : "be";
  if (!clause.subject.empty() && !alive(clause.subject[0])) return "be";
  const Word& head = first.noun.head;
  if (head.noun_class == english::NounClass::kPlace && head.role == Role::kNoun) return "go";
  if (listed("|football|basketball|tennis|chess|", head.text)) return "play";
  return alive(first.noun) ? "see" : "have";
}

void fill_fragment(Clause& clause) {
  if (clause.fragment.empty()) return;
  Group group = group_of(understood_verb(clause));
  group.after = std::exchange(clause.fragment, {});
  if (Item& first = group.after[0]; group.verb.is("go") && is_noun(first)) {
    Item to = preposition("to");
    to.noun = std::move(first.noun);
    to.has_noun = true;
    first = std::move(to);
  }
  clause.groups.push_back(std::move(group));
}

// "want outside": to be outside.
bool wants_to_be(const Group& group) {
  if (!takes_to(group.verb) || group.verb.is("have") || has_object(group) || group.after.empty()) return false;
  const Item& first = group.after[0];
  return is_place(first) || (first.kind == ItemKind::kAdjective && is_state_of_mind(first.word));
}

// "we, you": We are with you.
void add_company(const Clause& clause, Group& state) {
  const bool it = !clause.subject.empty() && (clause.subject[0].that() || clause.subject[0].head.is("it"));
  if (clause.wh || it) return;
  const bool only_pronouns =
      !state.after.empty() && std::all_of(state.after.begin(), state.after.end(), [](const Item& item) {
        return is_noun(item) && is_object_pronoun(item.noun);
      });
  if (only_pronouns) state.after.insert(state.after.begin(), preposition("with"));
}

std::string_view be_subject(const Clause& clause) {
  const std::string_view you = clause.question ? "you" : "I";
  const Group& first = clause.groups[0];
  if (clause.groups.size() > 1 && first.after.empty()) return you;  // going
  if (first.after.empty()) return "it";
  const Item& said = first.after[0];
  if (said.kind == ItemKind::kAdjective) return is_state_of_mind(said.word) ? you : "it";
  if (is_noun(said) && said.noun.plural() && !said.noun.pronoun()) return "they";
  return "it";
}

// "bucket, be": it is a bucket.
void identify(Clause& clause) {
  auto& groups = clause.groups;
  if (groups.size() != 1 || !groups[0].verb.is("be") || !groups[0].after.empty() || clause.modal || clause.wh ||
      clause.lets || !clause.end_times.empty() || !clause.front_times.empty())
    return;
  for (const NounPhrase& noun : clause.subject)
    if (noun.head.role != Role::kNoun && !noun.head.text.empty()) return;
  for (NounPhrase& noun : clause.subject) groups[0].after.push_back(item_of(std::move(noun)));
  clause.subject.clear();
}

bool wh_is_subject(const Clause& clause) {
  const Word& word = clause.wh->word;
  if (clause.groups.empty()) return clause.modal.has_value() && word.is("who");
  const Word& verb = clause.groups[0].verb;
  const bool only_be = verb.is("be") && clause.groups[0].after.empty() && clause.groups.size() == 1;
  if (only_be) return false;
  return word.is("who") || clause.wh->has_noun ||
         (word.is("what") && (is_intransitive(verb) || listed("|hurt|happen|be|smell|", verb.text)));
}

// "cold, past": it was cold.
void fill_fragment_subject(Clause& clause) {
  auto& items = clause.fragment;
  if (items.size() == 2 && is_noun(items[0]) && is_noun(items[1]) && make_possessive(items[0], items[1]))
    items.pop_back();
  const bool marked = clause.past || clause.future || clause.question || clause.negated;
  const bool states =
      std::none_of(items.begin(), items.end(), is_noun) && std::any_of(items.begin(), items.end(), is_predicate);
  if (!marked || clause.wh || !states) return;
  clause.groups.push_back(group_of("be", std::exchange(items, {})));
  clause.subject.push_back(phrase_of(be_subject(clause)));
}

// "don't hurt me", "believe me"
bool is_done_to_speaker(const Group& group) {
  return !group.after.empty() && is_noun(group.after[0]) && is_object_pronoun(group.after[0].noun) &&
         group.after[0].noun.head.clitic && group.after[0].noun.head.pronoun->person == 1 &&
         !group.after[0].noun.head.reflexive;
}

// "be quiet": said to somebody, not of somebody.
bool commands(const Clause& clause) {
  if (clause.modal || clause.past || clause.future) return false;
  const Group& first = clause.groups[0];
  const bool others = !first.verb.is("want") && !first.verb.is("need") &&
                      (is_done_to_speaker(first) ? clause.negated || !first.verb.is("hurt")
                                                 : clause.negated && first.verb.is("forget"));
  if (others) return true;
  if (!first.verb.is("be")) return !is_state(first.verb) && !is_weather(first.verb);
  return clause.groups.size() == 1 && !first.after.empty() && first.after[0].kind == ItemKind::kAdjective &&
         (clause.forbids || is_command(first.after[0].word));
}

std::string_view default_subject(const Clause& clause) {
  const bool be = !clause.groups.empty() && clause.groups[0].verb.is("be");
  if (clause.question && !clause.modal && !be) return "you";
  if (clause.modal) return "I";
  if (!clause.question && is_weather(clause.groups[0].verb)) return "it";
  if (is_done_to_speaker(clause.groups[0]) && clause.groups[0].verb.is("hurt")) return "it";
  return be ? be_subject(clause) : "I";
}

// "I headache", "I pain in leg": somebody has it, and is not it.
bool has_ailment(const Clause& clause) {
  if (clause.subject.size() != 1 || !clause.subject[0].pronoun() || clause.wh || clause.fragment.empty()) return false;
  const Item& first = clause.fragment[0];
  const bool lacks =
      is_noun(first) && first.noun.negation == "no" && !alive(first.noun) && clause.subject[0].head.person();
  if (lacks) return true;  // "I no money"
  return is_noun(first) && (first.noun.bare() || first.noun.negation == "no") &&
         (listed("|pain|cough|fever|temperature|flu|cold|rash|cramp|period|nosebleed|infection|diarrhoea|allergy|idea|"
                 "problem|appointment|",
                 first.noun.head.text) ||
          first.noun.head.text.ends_with("ache"));
}

}  // namespace

void fill_verbs(Clause& clause) {
  auto& groups = clause.groups;
  if (groups.empty() && (clause.modal || clause.lets)) fill_fragment(clause);
  if (!groups.empty() && groups.back().modal && !groups.back().after.empty()) {
    clause.fragment = std::exchange(groups.back().after, {});
    fill_fragment(clause);
    groups.back().link = Link::kTo;
  }
  if (!groups.empty() && wants_to_be(groups.back())) {
    groups.push_back(group_of("be", std::exchange(groups.back().after, {})));
    groups.back().link = Link::kTo;
  }
  if (groups.empty() && !clause.modal && has_ailment(clause)) {
    groups.push_back(group_of("have", std::exchange(clause.fragment, {})));
    for (Item& item : groups.back().after)
      if (item.kind == ItemKind::kPreposition && is_body_part(item.noun.head) && item.noun.bare())
        item.noun.possessor = clause.subject[0].head.pronoun;
  }
  if (groups.empty() && !clause.modal && !clause.subject.empty() && (!clause.fragment.empty() || clause.wh)) {
    groups.push_back(group_of("be", std::exchange(clause.fragment, {})));
    add_company(clause, groups.back());
  }
}

void fill_subject(Clause& clause) {
  identify(clause);
  if (!clause.subject.empty() || clause.lets) return;
  if (clause.wh && wh_is_subject(clause)) {
    clause.wh_subject = true;
  } else if (clause.groups.empty() && !clause.modal) {
    fill_fragment_subject(clause);
  } else if (!clause.question && commands(clause)) {
    clause.imperative = true;
  } else {
    clause.subject.push_back(phrase_of(default_subject(clause)));
  }
}

void infer_tense(Clause& clause) {
  if (clause.past || clause.future) return;
  for (const auto* times : {&clause.front_times, &clause.end_times})
    for (const Item& time : *times) {
      clause.future |= time.word.tense > 0;
      clause.past |= time.word.tense < 0;
    }
  if (clause.past) clause.future = false;
  if (clause.imperative || clause.lets || (clause.modal && clause.future)) clause.past = clause.future = false;
}

}  // namespace aacft
