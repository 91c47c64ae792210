#include "realise/clause.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "realise/complements.h"
#include "realise/items.h"
#include "realise/negation.h"
#include "realise/subject.h"
#include "realise/understood.h"
#include "realise/verb_chain.h"

namespace aacft {
namespace {

void read_flags(const std::vector<Word>& words, Clause& clause) {
  for (const Word& word : words) {
    clause.lets |= word.role == Role::kLets;
    clause.negated |= word.role == Role::kNot;
    clause.past |= word.role == Role::kPast;
    clause.future |= word.role == Role::kFuture;
    clause.question |= word.role == Role::kQuestion;
    clause.joined |= word.role == Role::kConjunction;
    if (word.role == Role::kConjunction && word.is("or")) clause.conjunction = "or";
  }
}

// The first question word leads; later ones stay where they are.
void take_wh(Items& items, Clause& clause) {
  for (auto at = items.begin(); at != items.end();) {
    if (at->kind != ItemKind::kWh) {
      ++at;
      continue;
    }
    clause.question = true;
    if (!clause.wh && !clause.lets) {
      clause.wh = std::move(*at);
      at = items.erase(at);
      continue;
    }
    at->kind = ItemKind::kManner;
    const bool has_noun = std::exchange(at->has_noun, false);
    NounPhrase noun = std::move(at->noun);
    ++at;
    if (has_noun) items.insert(at, item_of(std::move(noun)));
  }
}

bool has_action(const Items& items, const Clause& clause) {
  return clause.lets || std::any_of(items.begin(), items.end(),
                                    [](const Item& item) { return is_verb(item) || item.kind == ItemKind::kModal; });
}

// "that dog" alone, or "be that dog", is "That is a dog."
void split_that(Items& items, const Clause& clause) {
  if (items.empty()) return;
  const Item& first = items.front();
  const bool be = items.size() == 2 && is_verb(first) && first.word.is("be") && !clause.wh;
  Item& thing = be ? items.back() : items.front();
  if (!is_noun(thing) || thing.noun.demonstrative.empty() || thing.noun.head.is("one")) return;
  if (!be && (has_action(items, clause) || clause.wh || std::any_of(items.begin(), items.end(), is_predicate))) return;
  Item that = item_of(NounPhrase());
  that.noun.head.role = Role::kThat;
  that.noun.head.text = std::exchange(thing.noun.demonstrative, {});
  items.push_front(std::move(that));
}

// "on Monday", "after dinner", "before school"
bool is_time_phrase(const Item& item) {
  if (item.kind != ItemKind::kPreposition || !item.has_noun) return false;
  if (item.word.is("after") || item.word.is("before") || item.word.is("during") || item.word.is("until")) return true;
  return (item.word.is("on") || item.word.is("in") || item.word.is("at")) && !time_phrase(item.noun).empty();
}

// Adverbs of time, frequency; "on Monday" where another noun or verb carries the clause.
void take_times(Items& items, Clause& clause) {
  std::size_t carrying = clause.subject.empty() ? 0 : 1;
  for (const Item& item : items) carrying += (is_noun(item) && time_phrase(item.noun).empty()) || is_predicate(item);
  const auto verb = std::find_if(items.begin(), items.end(), is_verb);
  const bool has_verb = verb != items.end();
  const bool intransitive = has_verb && !verb->word.is("be") && !is_will(verb->word);
  const bool acts = has_action(items, clause), only_modal = acts && !has_verb;
  bool first = true;
  for (auto at = items.begin(); at != items.end();) {
    const bool noun_time = is_noun(*at) && acts && !time_phrase(at->noun).empty() &&
                           (carrying >= 2 || (intransitive && carrying >= 1) || only_modal);
    const bool leading_time = first && at == items.begin() && acts && is_time_phrase(*at) && items.size() > 1;
    if (at->kind == ItemKind::kTime || noun_time || leading_time) {
      if (noun_time) at->text = time_phrase(at->noun);
      if (leading_time) at->text = prepositional(*at);
      at->kind = ItemKind::kTime;
      const bool leads = first && !clause.wh && at == items.begin() && items.size() + clause.subject.size() > 1;
      (leads ? clause.front_times : clause.end_times).push_back(std::move(*at));
    } else if (at->kind == ItemKind::kFrequency) {
      clause.frequencies.push_back(std::move(*at));
    } else {
      first = false;
      ++at;
      continue;
    }
    at = items.erase(at);
  }
}

// "would can": would be able to; "can must": can have to.
Group second_modal(const Word& modal) {
  Group able = group_of(modal.is("must") ? "have" : "be able");
  able.modal = true;
  return able;
}

void add_modal(const Word& modal, Clause& clause) {
  auto& groups = clause.groups;
  if (!groups.empty() && wants(groups.back().verb) && modal.is("can")) {
    groups.push_back(second_modal(modal));  // "want can": want to be able to
  } else if (!clause.modal) {
    clause.modal = modal;
  } else if (clause.modal->text == modal.text) {
    clause.really_modal = true;
  } else if (modal.is("can") || modal.is("must")) {
    groups.insert(groups.begin(), second_modal(modal));
  } else if (clause.modal->is("can") || clause.modal->is("must")) {
    groups.insert(groups.begin(), second_modal(*clause.modal));
    clause.modal = modal;
  } else {
    clause.modal->text += " and " + modal.text;
  }
}

void add_verb(const Word& verb, Clause& clause) {
  const auto same = std::find_if(clause.groups.begin(), clause.groups.end(), [&](const Group& group) {
    return group.verb.text == verb.text && group.verb.negation == verb.negation && !group.modal;
  });
  if (same != clause.groups.end()) {
    same->really = true;
    return;
  }
  clause.groups.emplace_back().verb = verb;
}

void put_first(std::vector<Item>& items, std::vector<Item>& into) {
  into.insert(into.begin(), std::make_move_iterator(items.begin()), std::make_move_iterator(items.end()));
}

// What stands before the verbs and is not the subject.
void place_pending(std::vector<Item> pending, Clause& clause) {
  std::vector<Item> nouns, states;
  for (Item& item : pending) (is_predicate(item) ? states : nouns).push_back(std::move(item));
  auto& groups = clause.groups;
  const auto free = std::find_if_not(groups.rbegin(), groups.rend(), has_object);
  put_first(nouns, (free == groups.rend() ? groups.front() : *free).after);
  if (states.empty()) return;
  const Item& state = states[0];
  const Group& first = groups[0];
  const bool acts = !first.verb.is("be") && state.kind == ItemKind::kAdjective &&
                    (is_state_of_mind(state.word) ? !is_will(first.verb) : !is_state(first.verb));
  if (acts && !clause.subject.empty()) {
    groups.insert(groups.begin(), group_of("be"));  // "I happy see you": I am happy to see you
  } else if (acts && !is_state_of_mind(state.word) && !clause.lets && !clause.modal) {
    clause.subject.emplace_back().adjectives.push_back(state.text);  // "thin clean": the thin one cleans
    states.erase(states.begin());
  }
  std::vector<Item>& last = groups.back().after;
  if (!groups[0].verb.is("be") && std::all_of(states.begin(), states.end(), is_place) && !last.empty()) {
    const bool goes = is_motion(groups.back().verb);  // "home want go me"
    last.insert(goes ? last.begin() : last.end(), std::make_move_iterator(states.begin()),
                std::make_move_iterator(states.end()));
  } else {
    put_first(states, groups[0].after);
  }
}

// Verbs with what follows each, or a fragment.
void build_groups(Items items, Clause& clause) {
  std::vector<Item> pending;
  for (Item& item : items) {
    if (item.kind == ItemKind::kModal) {
      add_modal(item.word, clause);
    } else if (is_verb(item)) {
      add_verb(item.word, clause);
    } else if (!clause.groups.empty()) {
      clause.groups.back().after.push_back(std::move(item));
    } else {
      pending.push_back(std::move(item));
    }
  }
  if (clause.groups.empty()) {
    clause.fragment = std::move(pending);
  } else {
    place_pending(std::move(pending), clause);
  }
}

enum class Named { kNot, kOnly, kThere };

// "there no tea", "there be dog in garden", "no milk there", "no school Monday": whether something is said to be there
// or not. Their verb is taken away, and the first "there". "no milk in tea" only names it.
Named take_there(std::vector<Word>& words) {
  const auto is_there = [](const Word& word) { return word.role == Role::kPlace && word.is("there"); };
  const auto is_here = [&](const Word& word) {
    return is_there(word) || (word.role == Role::kPlace && word.is("here"));
  };
  const auto known = [](const Word& word) {
    return word.role == Role::kPronoun || word.role == Role::kThat || word.role == Role::kWh || word.is("the") ||
           word.is("but") || (is_negative(word) && word.role != Role::kNoun);
  };
  if (words.size() < 2 || std::any_of(words.begin(), words.end(), known)) return Named::kNot;
  const auto be = std::find_if(words.begin(), words.end(), [](const Word& word) { return word.is("be"); });
  const bool acts_otherwise = std::any_of(
      words.begin(), words.end(), [&](const Word& word) { return acts(word) && (be == words.end() || &word != &*be); });
  const auto noun = std::find_if(words.begin(), words.end(), [](const Word& word) { return word.role == Role::kNoun; });
  if (acts_otherwise || noun == words.end() || (is_proper(*noun) && !noun->has("pronoun"))) return Named::kNot;
  const auto place = std::find_if(noun, words.end(), [](const Word& word) { return word.role == Role::kPreposition; });
  if (std::any_of(words.begin(), noun, [](const Word& word) {
        return word.role == Role::kPreposition || word.role == Role::kPossessive || word.role == Role::kConjunction;
      }))
    return Named::kNot;
  const Word& last = words.back();
  const bool somewhere = place != words.end() && is_place_preposition(place->text) && last.role == Role::kNoun;
  const bool leads = is_here(words[0]) && (be == words.end() || be - words.begin() <= 2);
  const bool day = last.noun_class == english::NounClass::kDay && noun + 1 != words.end();
  const bool missing = words[0].role == Role::kNo && be == words.end() && (is_here(last) || somewhere || day);
  if (!leads && !missing) return Named::kNot;
  if (!leads && somewhere && last.portion) return Named::kOnly;
  if (be != words.end()) words.erase(be);
  if (day && (words.end() - 2)->role == Role::kNoun) {
    Word on;
    on.role = Role::kPreposition;
    on.text = "on";
    words.insert(words.end() - 1, on);
  }
  if (leads && is_there(words[0])) words.erase(words.begin());
  else if (leads) std::rotate(words.begin(), words.begin() + 1, words.end());  // "here no tea"
  return Named::kThere;
}

}  // namespace

Clause analyse(std::vector<Word> words) {
  const bool forbids = words.size() > 2 && negates(words[0]) && words[1].is("be");
  const auto often = std::find_if(words.begin(), words.end(),
                                  [](const Word& word) { return word.role == Role::kFrequency && !is_negative(word); });
  const bool often_not = often != words.end() && std::any_of(often, words.end(), negates);
  const Named named = take_there(words);
  place_negations(words);
  Items items = items_of(words);
  Clause clause;
  clause.there = named == Named::kThere;
  clause.forbids = forbids;
  clause.often_not = often_not;
  read_flags(words, clause);
  take_wh(items, clause);
  split_that(items, clause);
  if (clause.wh && !items.empty() && items.back().kind == ItemKind::kPreposition && !items.back().has_noun)
    items.back().kind = ItemKind::kManner;  // "where you from"
  if (named == Named::kNot) take_subject(items, clause);
  take_times(items, clause);
  build_groups(std::move(items), clause);
  order_verbs(clause.groups, clause.lets);
  if (!clause.groups.empty() && !std::exchange(clause.groups[0].verb.negation, {}).empty()) clause.negated = true;
  fill_verbs(clause);
  fill_subject(clause);
  infer_tense(clause);
  return clause;
}

}  // namespace aacft
