#include "realise/syntax.h"

#include <algorithm>
#include <utility>

#include "aacft/english/noun_tables.h"

namespace aacft {

bool is_predicate(const Item& item) {
  return item.kind == ItemKind::kAdjective || item.kind == ItemKind::kPlace ||
         (item.kind == ItemKind::kPreposition && item.has_noun);
}

bool is_place(const Item& item) {
  return item.kind == ItemKind::kPlace ||
         (item.kind == ItemKind::kPreposition && item.has_noun && is_place_preposition(item.word.text));
}

bool is_object_pronoun(const NounPhrase& noun) { return noun.pronoun() && !noun.head.absolute; }

bool alive(const NounPhrase& noun) { return noun.head.alive() || is_object_pronoun(noun); }

bool wants(const Word& verb) { return english::listed("|want|need|like|love|hate|", verb.text); }

bool is_will(const Word& verb) { return wants(verb) || english::listed("|prefer|wish|have|", verb.text); }

bool has_object(const Group& group) { return std::any_of(group.after.begin(), group.after.end(), is_noun); }

Group group_of(std::string_view plain_verb, std::vector<Item> after) {
  Group group;
  group.verb.role = Role::kVerb;
  group.verb.text = plain_verb;
  group.after = std::move(after);
  return group;
}

Item item_of(NounPhrase noun) {
  Item item;
  item.noun = std::move(noun);
  item.has_noun = true;
  return item;
}

Item item_of(ItemKind kind, const Word& word) {
  Item item;
  item.kind = kind;
  item.word = word;
  item.text = word.text;
  return item;
}

Item preposition(std::string_view text) {
  Item item;
  item.kind = ItemKind::kPreposition;
  item.word.text = item.text = text;
  return item;
}

NounPhrase phrase_of(std::string_view subject_pronoun) {
  NounPhrase phrase;
  phrase.head = word_of_pronoun(*pronoun_of(subject_pronoun), false);
  return phrase;
}

bool make_possessive(Item& item, const Item& owner) {
  NounPhrase& noun = item.noun;
  if (noun.pronoun() || noun.that() || !noun.bare() || noun.head.name) return false;
  if (!is_object_pronoun(owner.noun) || !owner.noun.head.clitic) return false;
  noun.possessor = owner.noun.head.pronoun;
  return true;
}

}  // namespace aacft
