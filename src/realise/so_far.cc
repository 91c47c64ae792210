#include "realise/so_far.h"

#include <algorithm>

#include "realise/word_kinds.h"

namespace aacft {

void SoFar::note(std::size_t at) {
  const Word& word = words_[at];
  const bool first = at == start;
  if (word.role == Role::kVerb && !word.is("be") && !word.is("do")) says = true;
  if (verb != nullptr && verb->is("be") && (word.role == Role::kNoun || word.absolute)) says = true;
  if (at > start && words_[at - 1].is("do") && (word.is("it") || word.role == Role::kThat)) says = true;
  if (is && word.absolute) says = true;  // "it mine"
  if (word.role == Role::kNoun && at > start + 1 && words_[at - 1].role == Role::kPreposition && subject) says = true;
  if (states(word) && (subject || is_state_of_mind(word)) && !attributive(at)) says = true;
  if (first) is = nominative(word) || word.role == Role::kThat;
  if (is && !joined && word.role == Role::kNoun && leads_noun(words_[at - 1])) says = true;  // "he my friend"
  subject |= names(word);
  somebody |= word.role == Role::kNoun ? word.alive() : verb == nullptr && only_nominative(word);
  only_names = (first || only_names) && (negates(word) ? !negated
                                                       : word.role == Role::kNoun || word.is("more") ||
                                                             leads_noun(word) || word.role == Role::kTime);
  negated |= denies(word);
  if (word.role == Role::kVerb && verb == nullptr) verb = &word;
  open |= word.role == Role::kWh && (!first || word.is("when"));
  open |= word.role == Role::kConjunction && first && !word.is("and") && !word.is("but") && !word.is("or") &&
          !word.is("so") && !word.is("then");
  asks |= word.role == Role::kWh || word.role == Role::kQuestion;
  joined |= word.role == Role::kConjunction;
}

// "like big dog": no predicate.
bool SoFar::attributive(std::size_t at) const {
  if (words_[at].role != Role::kAdjective) return false;
  const bool after_verb = at > start && words_[at - 1].role == Role::kVerb && !words_[at - 1].is("be");
  return after_verb || (at > start && leads_noun(words_[at - 1]));
}

const Word* SoFar::predicate(std::size_t at, bool& negated) const {
  negated = false;
  for (; at < words_.size() && (negates(words_[at]) || is_between(words_[at])); ++at) negated |= denies(words_[at]);
  const Word* word = at < words_.size() ? &words_[at] : nullptr;
  if (word == nullptr) return nullptr;
  const bool somewhere = word->role == Role::kPreposition && at + 1 < words_.size() && is_place_preposition(word->text);
  return does(*word) || states(*word) || (somewhere && names(words_[at + 1])) ? word : nullptr;
}

bool SoFar::finished(std::size_t at, const Word* next, bool object, bool alive) const {
  if (open || tells(at)) return false;
  if (!says) return lacks_verb(at, next) || asks_of_thing(at, next);
  if (asks_for(at, next) || (condition_ && only_nominative(words_[at]) && !reports(words_[at - 1]))) return true;
  const Word& last = words_[at - 1];
  if (last.role == Role::kConjunction || last.role == Role::kPreposition || last.role == Role::kWh ||
      last.role == Role::kModal || leads_noun(last) || points(at - 1) || (states(last) && attributive(at - 1)))
    return false;
  if (object && last.role == Role::kPlace && is_place_preposition(last.text)) return false;
  if (alive && next != nullptr && does_the_same(*next)) return true;
  if (last.role != Role::kVerb) return !object || subject || !states(last);  // "happy dog no come"
  if (last.is("be") || last.is("do") || reports(last)) return false;
  const bool denied = next != nullptr && next != words_.data() && denies(next[-1]);
  if (alive && denied && next->role == Role::kModal && !reports(last)) return true;  // "dad help teacher no can swim"
  if (next != nullptr && repeats(last, *next) && !(object && wants(last))) return true;  // "leg hurt arm no hurt"
  if (alive && is_of_things(last)) return true;                                          // "I no drink dog drink"
  return object ? is_intransitive(last) : !wants(last) && !takes_bare(last);
}

// "tell mum I sad": what is told.
bool SoFar::tells(std::size_t at) const {
  if (verb == nullptr || !verb->is("tell") || !names(words_[at - 1]) || !nominative(words_[at])) return false;
  const auto behind = [](const Word& word) { return names(word) || leads_noun(word); };
  return std::all_of(verb + 1, words_.data() + at, behind) && verb + 1 < words_.data() + at;
}

// "mum can drive dad no can drive", but not "mum can see me no can see you".
bool SoFar::does_the_same(const Word& next) const {
  const auto from = words_.begin() + static_cast<std::ptrdiff_t>(start);
  const auto here = words_.begin() + (&next - words_.data());
  const bool can =
      std::any_of(from, here, [&](const Word& word) { return word.role == Role::kModal && word.is(next.text); });
  if (next.role != Role::kModal || !can || here - from < 3) return false;
  const auto object = here + 2;
  return here + 1 == words_.end() || object >= words_.end() || !names(*object);
}

// "no tea I hungry", "no tea I want coffee", but not "no tea I want".
bool SoFar::lacks_verb(std::size_t at, const Word* next) const {
  if (!only_names || next == nullptr || !(condition_ || negated) || negates(words_[at - 1])) return false;
  if (!only_nominative(words_[at])) return false;
  if (states(*next)) return true;
  if (words_[at - 1].alive()) return condition_ && words_[start].role == Role::kNo;
  const Word* after = next + 1 == words_.data() + words_.size() ? nullptr : next + 1;
  const bool object = after != nullptr && after->role != Role::kQuestion && !is_between(*after);
  return next->role == Role::kVerb && (is_intransitive(*next) || object);
}

// "where my bag I no find it"
bool SoFar::asks_of_thing(std::size_t at, const Word* next) const {
  return next != nullptr && words_[start].role == Role::kWh && subject && verb == nullptr && at > start + 1 &&
         names(words_[at - 1]) && only_nominative(words_[at]) && at + 1 < words_.size() && denies(words_[at + 1]) &&
         next->role == Role::kVerb && next + 1 != words_.data() + words_.size() && names(next[1]);
}

// "what you want I no know"
bool SoFar::asks_for(std::size_t at, const Word* next) const {
  return next != nullptr && words_[start].role == Role::kWh && subject && knows(*next) && only_nominative(words_[at]);
}

bool SoFar::points(std::size_t at) const {
  return words_[at].role == Role::kThat && at + 1 < words_.size() && !is_proper(words_[at + 1]) &&
         (words_[at + 1].role == Role::kNoun || words_[at + 1].role == Role::kAdjective);
}

}  // namespace aacft
