#include "realise/boundaries.h"

#include <algorithm>

#include "aacft/english/noun_tables.h"
#include "realise/syntax.h"
#include "realise/word_kinds.h"

namespace aacft {

bool is_hurt(const Word& verb) { return english::listed("|hurt|ache|itch|bleed|", verb.text); }

bool Boundaries::begins_clause(std::size_t at) const {
  bool negated = false;
  if (nominative(words_[at])) {
    const Word* next = so_far_.predicate(at + 1, negated);
    const bool can = negated && next != nullptr && next->role == Role::kModal && words_[at - 1].is(next->text) &&
                     at > so_far_.start + 1;
    if (can && words_[at - 1].role == Role::kModal) return true;  // "you can I no can"
    const bool is = so_far_.is && at + 1 < words_.size() && (leads_noun(words_[at + 1]) || words_[at + 1].absolute);
    return (next != nullptr || negated || is) && so_far_.finished(at, next, object_too(words_[at]), words_[at].alive());
  }
  if (words_[at].role == Role::kThat && so_far_.is && at + 1 < words_.size() &&
      (leads_noun(words_[at + 1]) || words_[at + 1].absolute))
    return so_far_.finished(at, nullptr, true);
  std::size_t noun = at;
  while (noun < words_.size() && (leads_noun(words_[noun]) || so_far_.points(noun))) ++noun;
  if (noun > at)
    while (noun < words_.size() && words_[noun].role == Role::kAdjective) ++noun;
  if (noun == words_.size() || !names(words_[noun])) return false;
  while (noun + 2 < words_.size() && words_[noun + 1].is("and") && names(words_[noun + 2])) noun += 2;
  const Word* next = so_far_.predicate(noun + 1, negated);
  if (next == nullptr || !can_be(words_[noun], *next, negated, at)) return false;
  const bool takes_object = next + 1 != words_.data() + words_.size() && names(next[1]) && !nominative(next[1]);
  return so_far_.finished(at, takes_object ? nullptr : next, true, words_[noun].alive());
}

// "arm no hurt", "bus no come", "bed no good", but not "school no like". Without a negation, only who acts.
bool Boundaries::can_be(const Word& noun, const Word& said, bool negated, std::size_t at) const {
  if (noun.role == Role::kNoun && is_time_noun(noun)) return false;
  if (noun.role == Role::kThat && said.is("be")) return true;
  if (repeats(words_[at - 1], said) && (is_body_part(noun) || is_intransitive(said))) return true;
  if (noun.role == Role::kPronoun) return negated;
  if (is_negative(noun)) return true;
  if (noun.alive()) return true;
  if (is_motion(words_[at - 1]) && words_[at - 1].role == Role::kVerb) return false;
  const bool fails = negates(words_[at - 2 < at ? at - 2 : 0]) && is_intransitive(words_[at - 1]) &&
                     !is_motion(words_[at - 1]) && said.role == Role::kAdjective &&
                     &said + 1 == words_.data() + words_.size();
  if (fails && words_[at - 1].role == Role::kVerb) return !is_state_of_mind(said);  // "talker no work battery empty"
  if (states(said)) return (negated || said.text == words_[at - 1].text) && !is_state_of_mind(said);
  return negated && (said.role == Role::kModal || is_intransitive(said));
}

// Where nothing is negated, a second clause shows by who acts in both, or by what is whole without anybody: "it rain I
// sad", "my tooth hurt I need dentist", "close window I cold", "I like dog mum like cat".
bool Boundaries::begins_clause_unasked(std::size_t at) const {
  const bool pronoun = nominative(words_[at]);
  if (hurts_next(at)) return true;
  if (so_far_.somebody && pronoun) return begins_clause(at);
  if (so_far_.verb == nullptr || so_far_.joined || so_far_.asks || so_far_.open || is_will(*so_far_.verb))
    return so_far_.verb != nullptr && says_the_same(at) && begins_clause(at);
  if (!pronoun) return (says_the_same(at) || acts_alone(at)) && begins_clause(at);
  bool negated = false;
  const Word* next = so_far_.predicate(at + 1, negated);
  const Word& last = words_[at - 1];
  if (next == nullptr || !only_nominative(words_[at])) return false;
  const bool more = next + 1 < words_.data() + words_.size() && next[1].role != Role::kQuestion;
  if (!states(*next) && next->role != Role::kModal && !more && !is_intransitive(*next)) return false;
  const Word* const first = words_.data() + so_far_.start;
  const bool itself = is_weather(*so_far_.verb) && &last == so_far_.verb;
  const bool hurts = is_hurt(*so_far_.verb) && so_far_.verb > first && is_body_part(so_far_.verb[-1]);
  const bool for_me = last.role == Role::kPronoun && last.clitic && last.pronoun->person == 1;
  const bool called = english::listed("|help|wait|stop|look|listen|hurry|", so_far_.verb->text) &&
                      &last == so_far_.verb && so_far_.verb == first;
  const bool ordered = so_far_.verb == first && names(last) && !object_too(words_[at]) && !takes_to(*so_far_.verb);
  return itself || hurts || called || ((for_me || ordered) && so_far_.finished(at, next, false, true));
}

// "I fall my leg hurt"
bool Boundaries::hurts_next(std::size_t at) const {
  const std::size_t part = words_[at].role == Role::kPossessive ? at + 1 : at;
  return part + 1 < words_.size() && is_body_part(words_[part]) && is_hurt(words_[part + 1]) && so_far_.says &&
         !so_far_.joined && !so_far_.asks && !leads_noun(words_[at - 1]) && so_far_.verb != nullptr &&
         !is_will(*so_far_.verb) && !takes_bare(*so_far_.verb) && !reports(*so_far_.verb);
}

// "I like dog mum like cat": the same verb for somebody else.
bool Boundaries::says_the_same(std::size_t at) const {
  return at + 1 < words_.size() && words_[at].role == Role::kNoun && words_[at].alive() && so_far_.somebody &&
         so_far_.verb != nullptr && so_far_.verb > words_.data() + so_far_.start &&
         repeats(*so_far_.verb, words_[at + 1]) &&
         (words_[at - 1].role == Role::kNoun || is_intransitive(*so_far_.verb));
}

// "mum cook dad eat"
bool Boundaries::acts_alone(std::size_t at) const {
  return at + 1 < words_.size() && words_[at].role == Role::kNoun && words_[at].alive() && so_far_.somebody &&
         &words_[at - 1] == so_far_.verb && so_far_.verb > words_.data() + so_far_.start &&
         (is_of_things(*so_far_.verb) || is_intransitive(*so_far_.verb)) && words_[at + 1].role == Role::kVerb;
}

// "I tired want go bed", "I cold close window": what is done is no part of the state, unless it is what somebody is
// glad to do.
bool Boundaries::leaves_state(std::size_t at) const {
  if (!does(words_[at]) || words_[at].is("be") || so_far_.verb != nullptr || so_far_.asks || so_far_.joined ||
      so_far_.open)
    return false;
  std::size_t state = at - 1;
  while (state > so_far_.start && (words_[state].role == Role::kTime || words_[state].role == Role::kManner)) --state;
  if (state == so_far_.start || words_[state].role != Role::kAdjective) return false;
  std::size_t subject = state;
  while (subject > so_far_.start && (words_[subject - 1].role == Role::kAdjective || denies(words_[subject - 1]) ||
                                     is_between(words_[subject - 1]) || words_[subject - 1].role == Role::kManner))
    --subject;
  if (subject == so_far_.start) return false;
  const Word& who = words_[subject - 1];
  const bool somebody = nominative(who) || (who.role == Role::kPronoun && subject == so_far_.start + 1) ||
                        (who.role == Role::kNoun && who.alive());
  const bool mind =
      is_state_of_mind(words_[state]) || english::listed("|cold|hot|warm|wet|late|weak|", words_[state].text);
  const bool glad =
      english::listed("|happy|glad|sad|sorry|ready|excited|proud|pleased|scared|afraid|", words_[state].text);
  return somebody && mind && (wants(words_[at]) || words_[at].role == Role::kModal || !glad);
}

// "I can swim no run", "I tired no want sleep", but not "I want no go" or "I like dog no bark".
bool Boundaries::negates_second_verb(std::size_t at) const {
  const Word* next = at + 1 < words_.size() ? &words_[at + 1] : nullptr;
  if (next != nullptr && next->role == Role::kVerb && only_states(at)) return true;
  if (!so_far_.says || so_far_.open || so_far_.asks || so_far_.joined || next == nullptr || !does(*next)) return false;
  std::size_t before = at - 1;
  while (before > so_far_.start && is_tense(words_[before])) --before;
  const Word& last = words_[before];
  if (negates(last) || last.role == Role::kPreposition || leads_noun(last)) return false;
  const bool seen = english::listed("|see|hear|watch|", last.text);  // "hear no speak"
  if (does(last)) return !governs(last) || seen;
  std::size_t noun = before;
  while (noun > so_far_.start && (leads_noun(words_[noun - 1]) || so_far_.points(noun - 1))) --noun;
  const bool reported = noun > so_far_.start && words_[noun - 1].role == Role::kVerb && reports(words_[noun - 1]);
  if (reported || (nominative(last) && !object_too(last))) return false;  // "I think he no want tea"
  if (before > so_far_.start && words_[before - 1].role == Role::kPreposition) return true;
  if (names(last) && so_far_.verb == nullptr) return false;  // "tired mum no want tea"
  if (names(last) && doer_named(*next)) return true;
  if (last.role == Role::kPronoun && last.pronoun->person == 1 && !takes_bare(*so_far_.verb) &&
      !takes_to(*so_far_.verb))
    return true;  // "he hit me no stop"
  if (names(last)) return !last.alive() || wants(*next) || repeats(*so_far_.verb, *next);
  return so_far_.verb != nullptr || so_far_.subject || wants(*next);
}

// "hot no touch", "too loud no shout"
bool Boundaries::only_states(std::size_t at) const {
  const auto from = words_.begin() + static_cast<std::ptrdiff_t>(so_far_.start);
  const auto here = words_.begin() + static_cast<std::ptrdiff_t>(at);
  const auto is_state = [](const Word& word) { return word.role == Role::kAdjective; };
  return std::any_of(from, here, is_state) && std::all_of(from, here, [&](const Word& word) {
           return is_state(word) || word.role == Role::kDegree || word.role == Role::kManner;
         });
}

// "no pain no hurt"
bool Boundaries::ends_fragment(std::size_t at) const {
  return so_far_.only_names && negates(words_[so_far_.start]) && negates(words_[at]) &&
         words_[at - 1].role == Role::kNoun && !words_[at - 1].alive() && at + 1 < words_.size() &&
         does(words_[at + 1]);
}

// "baby no sleep cry", "talker no work help me": only the first verb is negated.
bool Boundaries::leaves_negation(std::size_t at) const {
  if (!so_far_.says || so_far_.open || so_far_.asks || so_far_.joined || !so_far_.negated || so_far_.verb == nullptr)
    return false;
  if (words_[at].role != Role::kVerb || words_[at].is("be") || so_far_.verb == &words_[at]) return false;
  if (governs(*so_far_.verb) || is_motion(*so_far_.verb) || takes_gerund(*so_far_.verb) || takes_bare(*so_far_.verb) ||
      so_far_.verb <= &words_[so_far_.start])
    return false;
  if (!negates(so_far_.verb[-1]) || so_far_.verb[-1].is("negate") || negates(words_[at - 1])) return false;
  for (std::size_t i = so_far_.start; i < at; ++i)
    if (words_[i].role == Role::kModal || words_[i].role == Role::kLets) return false;
  if (wants(words_[at]) && !(at + 1 < words_.size() && names(words_[at + 1]))) return false;
  const Word& last = words_[at - 1];
  if (last.role == Role::kPronoun) return last.clitic && last.pronoun->person == 1;
  return &last == so_far_.verb || (last.role == Role::kNoun && !last.alive()) || last.is("it") ||
         last.role == Role::kPlace;
}

// "I no want milk want water", "head hurt want medicine"
bool Boundaries::takes_up_verb(std::size_t at) const {
  if (so_far_.verb != nullptr && is_hurt(*so_far_.verb) && so_far_.verb > words_.data() + so_far_.start &&
      is_body_part(so_far_.verb[-1]) && does(words_[at]) && at + 1 < words_.size() && &words_[at] != so_far_.verb &&
      !so_far_.joined && !so_far_.asks && !negates(words_[at - 1]))
    return true;
  const bool wanted = wants(words_[at]) && at + 1 < words_.size() && words_[at + 1].role == Role::kNoun &&
                      words_[at - 1].role == Role::kNoun;
  const bool things =
      std::none_of(words_.begin() + static_cast<std::ptrdiff_t>(so_far_.start),
                   words_.begin() + static_cast<std::ptrdiff_t>(at), [](const Word& word) { return word.alive(); });
  if (wanted && things && so_far_.only_names && words_[so_far_.start].role == Role::kNo)
    return true;  // "no tea want milk"
  const bool cannot = words_[at].role == Role::kModal && at + 2 == words_.size() && negates(words_[at + 1]) &&
                      so_far_.verb != nullptr && wants(*so_far_.verb) && !nominative(words_[at - 1]);
  if (cannot && so_far_.verb > words_.data() + so_far_.start) return true;  // "I want go can no"
  if (!so_far_.says || so_far_.open || so_far_.asks || so_far_.joined || !so_far_.negated) return false;
  const bool can = words_[at].role == Role::kModal && words_[so_far_.start].role != Role::kModal &&
                   std::any_of(words_.begin() + static_cast<std::ptrdiff_t>(so_far_.start),
                               words_.begin() + static_cast<std::ptrdiff_t>(at),
                               [&](const Word& word) { return word.role == Role::kModal && word.is(words_[at].text); });
  if (can && negates(words_[at - 1])) return false;
  if (can) return at + 1 < words_.size() && words_[at + 1].role == Role::kVerb;
  if (so_far_.verb == nullptr || !repeats(*so_far_.verb, words_[at]) || at + 1 == words_.size()) return false;
  const bool place = words_[at + 1].role == Role::kPlace;
  if (wants(*so_far_.verb) && words_[at - 1].role == Role::kNoun && words_[at + 1].role == Role::kVerb) return true;
  return (words_[at - 1].role == Role::kNoun || (place && words_[at - 1].role == Role::kPlace)) &&
         ((names(words_[at + 1]) && !nominative(words_[at + 1])) || place);
}

bool Boundaries::doer_named(const Word& next) const {
  return names_a_doer(*so_far_.verb) && !repeats(*so_far_.verb, next) && !wants(next);
}

}  // namespace aacft
