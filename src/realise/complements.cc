#include "realise/complements.h"

#include <algorithm>
#include <utility>

#include "aacft/english/noun_tables.h"
#include "realise/finite.h"
#include "realise/pieces.h"

namespace aacft {
namespace {

using english::listed;

// feel happy
bool is_linking(const Word& verb) {
  return listed("|be|feel|look|seem|get|become|stay|keep|turn|smell|taste|sound|grow|", verb.text);
}

// run quickly
bool is_adverbial(const Word& verb, const Item& adjective) {
  const bool well = (verb.is("see") || verb.is("hear")) && (adjective.word.is("good") || adjective.word.is("bad"));
  return well || is_intransitive(verb) || (!is_state(verb) && !english::adverb_of(adjective.word.text).empty());
}

bool is_colour(const Word& word) {
  return listed("|red|blue|green|yellow|orange|purple|pink|brown|black|white|grey|gold|silver|", word.text);
}

// Adjectives go to their noun: "an apple, red" is a red apple; without one, they are "a red one".
std::vector<Item> arranged(const Group& group) {
  std::vector<Item> items;
  for (const Item& item : group.after) {
    const bool to_noun = item.kind == ItemKind::kAdjective && !items.empty() && items.back().kind == ItemKind::kNoun &&
                         items.back().noun.head.role == Role::kNoun && !items.back().noun.head.name;
    if (to_noun) {
      items.back().noun.adjectives.push_back(item.text);
      continue;
    }
    const bool after_pronoun = !items.empty() && items.back().kind == ItemKind::kNoun;
    items.push_back(item);
    if (item.kind != ItemKind::kAdjective || after_pronoun || is_linking(group.verb) || is_adverbial(group.verb, item))
      continue;
    Item& one = items.back();
    one.kind = ItemKind::kNoun;
    one.has_noun = true;
    if (is_generic(group.verb) && is_colour(item.word)) {  // "I like red"
      one.noun.head = item.word;
      one.noun.head.role = Role::kNoun;
      one.noun.head.name = one.noun.head.mass = true;
    } else {
      one.noun.adjectives.push_back(item.text);
    }
  }
  return items;
}

// Who does a later verb: "I want you to wash yourself", "I want mum to wash me".
const NounPhrase* doer_of(const Clause& clause, const Word& verb) {
  const NounPhrase* doer = nullptr;
  for (const Group& group : clause.groups) {
    if (&group.verb == &verb) return doer;
    doer = nullptr;
    for (const Item& item : group.after)
      if (is_noun(item) && alive(item.noun)) doer = &item.noun;
  }
  return nullptr;
}

NounContext object_context(const Clause& clause, const Word& verb) {
  NounContext context;
  context.use = verb.is("be") ? Use::kComplement : is_generic(verb) ? Use::kGeneric : Use::kObject;
  context.subject = subject_pronoun(clause);
  const NounPhrase* doer = doer_of(clause, verb);
  if (doer != nullptr) context.subject = doer->pronoun() && !doer->head.absolute ? doer->head.pronoun : nullptr;
  if (verb.is("be")) context.subject = nullptr;
  const bool all_alive = std::all_of(clause.subject.begin(), clause.subject.end(),
                                     [](const NounPhrase& noun) { return noun.head.alive() || noun.pronoun(); });
  const bool one_pronoun =
      clause.subject.size() == 1 && clause.subject[0].pronoun() && agreement_of(clause).person != 2;
  context.many =
      clause.lets || (agreement_of(clause).plural && all_alive && (clause.subject.size() > 1 || one_pronoun));
  context.only_alive = clause.lets;
  context.any = clause.question && verb.is("have") && !clause.modal;
  context.plain_mass = clause.negated || frequency_text(clause) == "never";
  context.the = is_of_the(verb);
  return context;
}

// go to school, go home, go by bus; listen to; sleep in; play the piano.
std::string_view preposition_for(const Word& verb, const NounPhrase& noun) {
  const bool place = noun.head.noun_class == english::NounClass::kPlace && noun.head.role == Role::kNoun;
  if (is_motion(verb) && !verb.is("get")) {
    if (noun.head.is("home") && noun.bare()) return "";
    const bool vehicle = noun.head.noun_class == english::NounClass::kVehicle;
    if (vehicle && verb.is("drive")) return "";
    if (vehicle && noun.bare() && !noun.head.plural) return "by";
    if (noun.head.text.ends_with("ing") && noun.head.mass) return "";
    if (place) return "to";
    return verb.is("go") && !noun.head.alive() && !noun.pronoun() ? "to" : is_intransitive(verb) ? "with" : "";
  }
  if (is_intransitive(verb) && verb.is("play")) {
    if (noun.head.noun_class == english::NounClass::kInstrument || listed("|game|music|", noun.head.text)) return "";
    return noun.head.mass && !noun.pronoun() ? "" : place ? "in" : "with";
  }
  if (place && is_intransitive(verb) && !listed("|look|point|think|dream|listen|arrive|wait|", verb.text))
    return listed("|school|home|work|", noun.head.text) ? "at" : "in";
  return preposition_of(verb);
}

std::string adjective_text(const Item& item, const Group& group, bool object) {
  const std::string adverb = english::adverb_of(item.word.text);
  if (is_linking(group.verb) || object || adverb.empty()) return item.text;
  return item.text.substr(0, item.text.size() - item.word.text.size()) + adverb;
}

std::string other_text(const Item& item, const Group& group, bool object) {
  if (item.kind == ItemKind::kAdjective) return adjective_text(item, group, object);
  if (item.kind == ItemKind::kPreposition || item.kind == ItemKind::kPlace) {
    std::string text = prepositional(item);
    const bool alone = item.kind == ItemKind::kPlace && !object;
    if (alone && (group.verb.is("have") || listed("|like|love|hate|prefer|", group.verb.text))) return "it " + text;
    return text;
  }
  return item.text;
}

void add_nouns(std::string& text, const Clause& clause, const Word& verb, std::vector<NounPhrase>& nouns, bool second) {
  NounContext context = object_context(clause, verb);
  std::string_view preposition = second ? "" : preposition_for(verb, nouns[0]);
  if (clause.imperative && context.subject == nullptr && !verb.is("be") && doer_of(clause, verb) == nullptr)
    context.subject = pronoun_of("you");
  if (takes_two(verb) && nouns.size() == 2) {
    const bool receiver_last = nouns[1].head.alive() && !nouns[0].head.alive();
    if (receiver_last) std::swap(nouns[0], nouns[1]);
    if (nouns[0].head.alive() && !nouns[1].head.alive()) {
      NounContext receiver = context;
      receiver.use = Use::kSubject;  // "the boy", not "a boy"
      add(text, nouns[0].pronoun() ? text_of(nouns[0], context) : text_of(nouns[0], receiver));
      add(text, text_of(nouns[1], context));
      return;
    }
  }
  if (!second && is_motion(verb) && nouns.size() > 1) {  // to the park by bus with mum
    for (const NounPhrase& noun : nouns) {
      const std::string_view own = preposition_for(verb, noun);
      NounContext there = context;
      there.use = own.empty() ? context.use : Use::kAfterPreposition;
      there.preposition = own;
      const bool same = &noun != &nouns.front() && own == preposition;
      preposition = own;
      add(text, same ? clause.conjunction : std::string(own));
      add(text, text_of(noun, there));
    }
    return;
  }
  std::string where;  // "buy milk shop": at the shop
  const bool somewhere = nouns.size() == 2 && nouns.back().head.noun_class == english::NounClass::kPlace &&
                         nouns.back().bare() && !nouns.back().head.name && !verb.is("have") && !is_generic(verb) &&
                         nouns[nouns.size() - 2].head.noun_class != english::NounClass::kPlace && !takes_to(verb) &&
                         !verb.is("visit");
  if (somewhere && preposition.empty() && !clause.joined) {
    NounContext there;
    there.use = Use::kAfterPreposition;
    there.preposition = "at";
    where = "at " + text_of(nouns.back(), there);
    nouns.pop_back();
  }
  std::vector<std::string> parts;
  if (!preposition.empty()) {
    context.use = Use::kAfterPreposition;
    context.preposition = preposition;
    context.subject = nullptr;
  }
  for (NounPhrase& noun : nouns) {
    NounContext own = context;
    own.the |= verb.is("play") && noun.head.noun_class == english::NounClass::kInstrument && !noun.head.plural;
    if (is_of_body(verb) && is_body_part(noun.head) && noun.bare())
      noun.possessor = clause.imperative ? pronoun_of("I") : &owner(clause);
    if (verb.is("watch") && listed("|TV|television|telly|", noun.head.text) && noun.bare()) noun.head.mass = true;
    parts.push_back(text_of(noun, own));
  }
  add(text, preposition);
  add(text, listing(parts, clause.conjunction));
  add(text, where);
}

// What something is: nouns and adjectives in one list.
void add_predicates(std::string& text, const Clause& clause, const Group& group, const std::vector<Item>& after) {
  std::vector<std::string> run;
  const NounContext context = object_context(clause, group.verb);
  for (std::size_t i = 0; i <= after.size(); ++i) {
    const bool listed_too =
        i < after.size() && (after[i].kind == ItemKind::kNoun || after[i].kind == ItemKind::kAdjective);
    if (listed_too) {
      run.push_back(after[i].kind == ItemKind::kNoun ? text_of(after[i].noun, context) : after[i].text);
      continue;
    }
    add(text, listing(run, clause.conjunction));
    run.clear();
    if (i < after.size()) add(text, other_text(after[i], group, false));
  }
}

}  // namespace

std::string prepositional(const Item& item) {
  std::string text = item.word.text;
  if (!item.has_noun) {
    if (listed("|in front of|on top of|next "
               "to|between|beside|with|without|after|from|of|for|to|at|into|onto|against|because of|instead of|far "
               "from|close to|",
               text) &&
        item.kind != ItemKind::kNoun && !item.text.empty() && item.noun.head.text.empty())
      return text + (item.kind == ItemKind::kPreposition && item.word.role != Role::kPreposition &&
                             item.word.role != Role::kPlace
                         ? ""
                         : " it");
    return text;
  }
  NounContext context;
  context.use = Use::kAfterPreposition;
  context.preposition = item.word.text;
  return text + " " + text_of(item.noun, context);
}

// Objects, adjectives, places and the like, in their order; runs of noun phrases are listed.
void add_complements(std::string& text, const Clause& clause, const Group& group) {
  std::vector<NounPhrase> run;
  const std::vector<Item> after = arranged(group);
  bool object = false;
  if (group.verb.is("be")) return add_predicates(text, clause, group, after);
  for (std::size_t i = 0; i < after.size(); ++i) {
    const Item& item = after[i];
    if (item.kind == ItemKind::kNoun) {
      run.push_back(item.noun);
      const bool last = i + 1 == after.size() || after[i + 1].kind != ItemKind::kNoun;
      if (last) {
        add_nouns(text, clause, group.verb, run, object);
        object = true;
        run.clear();
      }
    } else {
      add(text, other_text(item, group, object));
    }
  }
}

}  // namespace aacft
