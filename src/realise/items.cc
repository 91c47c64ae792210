#include "realise/items.h"

#include <algorithm>

#include "aacft/english/noun_tables.h"
#include "aacft/english/spelling.h"

namespace aacft {
namespace {

using english::NounClass;

bool is_adjective(const Word& word) { return word.role == Role::kAdjective; }

// The adjectives from `at` on, each with the degrees before it.
std::size_t adjectives_at(const std::vector<Word>& words, std::size_t at, std::vector<std::string>& adjectives) {
  while (at < words.size()) {
    std::size_t end = at;
    std::string text;
    while (end < words.size() && words[end].role == Role::kDegree) text += words[end++].text + " ";
    if (end >= words.size() || !is_adjective(words[end])) return at;
    adjectives.push_back(text + words[end].text);
    at = end + 1;
  }
  return at;
}

bool is_noun(const std::vector<Word>& words, std::size_t at) {
  return at < words.size() && words[at].role == Role::kNoun;
}

// A noun phrase that starts at `at`: its length, 0 where there is none.
std::size_t noun_phrase_at(const std::vector<Word>& words, std::size_t at, NounPhrase& phrase) {
  std::size_t next = at;
  const auto role = [&](std::size_t i) { return i < words.size() ? words[i].role : Role::kDot; };
  if (role(next) == Role::kNo) {
    const std::size_t length = noun_phrase_at(words, at + 1, phrase);
    phrase.negation = words[at].text;
    return length == 0 ? 0 : length + 1;
  }
  if (role(next) == Role::kPronoun) {
    phrase.head = words[next];
    return 1;
  }
  if (role(next) == Role::kDeterminer && (words[next].is("all") || words[next].is("both") || words[next].is("half")) &&
      role(next + 1) == Role::kPossessive) {
    phrase.determiner = words[next].text;
    phrase.count = words[next].count;
    ++next;
  }
  if (role(next) == Role::kThat && role(next + 1) == Role::kPossessive) {  // "that, my dog" are two
    phrase.head = words[next];
    return 1;
  }
  if (role(next) == Role::kThat) phrase.demonstrative = words[next++].text;
  if (role(next) == Role::kPossessive && words[next].pronoun == nullptr) phrase.owner = words[next++].text;
  else if (role(next) == Role::kPossessive) phrase.possessor = words[next++].pronoun;
  if (role(next) == Role::kDeterminer) {
    phrase.determiner = words[next].text;
    phrase.count = words[next].count;
    ++next;
  }
  const std::size_t start_of_adjectives = next;
  next = adjectives_at(words, next, phrase.adjectives);
  if (is_noun(words, next)) {
    phrase.head = words[next];
    return next + 1 - at;
  }
  if (phrase.owned() && phrase.determiner.empty() && !phrase.adjectives.empty()) return next - at;  // "my old one"
  // No noun: "that", "mine", "two"; adjectives stay outside, unless a determiner calls for "one".
  if (start_of_adjectives == at) return 0;
  phrase.adjectives.clear();
  next = start_of_adjectives;
  if (phrase.determiner.empty() && phrase.possessor != nullptr && phrase.demonstrative.empty()) {
    phrase.head.role = Role::kPronoun;
    phrase.head.pronoun = phrase.possessor;
    phrase.head.absolute = phrase.head.clitic = true;
    phrase.possessor = nullptr;
    return next - at;
  }
  if (!phrase.demonstrative.empty() && role(at) == Role::kThat) {
    phrase = NounPhrase();
    phrase.head = words[at];
    return 1;
  }
  return next - at;
}

bool wh_takes_noun(const Word& word) {
  return word.is("how many") || word.is("how much") || word.is("which") || word.is("whose") || word.is("what");
}

ItemKind adverb_kind(Role role) {
  switch (role) {
    case Role::kPlace: return ItemKind::kPlace;
    case Role::kTime: return ItemKind::kTime;
    case Role::kFrequency: return ItemKind::kFrequency;
    case Role::kPreposition: return ItemKind::kPreposition;
    case Role::kModal: return ItemKind::kModal;
    case Role::kVerb: return ItemKind::kVerb;
    default: return ItemKind::kManner;
  }
}

// Places that cannot take a noun phrase after them.
bool is_only_adverb(const Word& place) {
  return english::listed(
      "|here|there|up|down|out|away|upstairs|downstairs|everywhere|somewhere|indoors|outdoors|abroad|at home|in "
      "front|on top|nearby|far away|",
      place.text);
}

std::size_t preposition_at(const std::vector<Word>& words, std::size_t at, Items& items) {
  Item result = item_of(words[at].role == Role::kPlace ? ItemKind::kPlace : ItemKind::kPreposition, words[at]);
  NounPhrase phrase;
  const std::size_t length = noun_phrase_at(words, at + 1, phrase);
  if (length > 0 && !phrase.subject_pronoun()) {
    result.kind = ItemKind::kPreposition;
    result.noun = std::move(phrase);
    result.has_noun = true;
    items.push_back(std::move(result));
    return 1 + length;
  }
  items.push_back(std::move(result));
  return 1;
}

std::size_t item_at(const std::vector<Word>& words, std::size_t at, Items& items, std::string_view conjunction) {
  const Word& word = words[at];
  NounPhrase phrase;
  if (word.role == Role::kWh) {
    Item result = item_of(ItemKind::kWh, word);
    std::size_t length = 0;
    if (wh_takes_noun(word) && at + 1 < words.size() &&
        ((words[at + 1].role == Role::kNoun &&
          !(word.is("what") && is_proper(words[at + 1]) && words[at + 1].alive())) ||
         words[at + 1].role == Role::kAdjective))
      length = noun_phrase_at(words, at + 1, phrase);
    if (length > 0) {
      result.noun = std::move(phrase);
      result.has_noun = true;
    }
    items.push_back(std::move(result));
    return 1 + length;
  }
  if (const std::size_t length = noun_phrase_at(words, at, phrase); length > 0) {
    items.push_back(item_of(std::move(phrase)));
    return length;
  }
  if (word.role == Role::kAdjective || word.role == Role::kDegree) {
    std::vector<std::string> adjectives;
    const std::size_t next = adjectives_at(words, at, adjectives);
    Item result = item_of(word.role == Role::kDegree && next == at ? ItemKind::kManner : ItemKind::kAdjective,
                          next > at ? words[next - 1] : word);
    if (next > at) result.text = listing(adjectives, conjunction);
    items.push_back(std::move(result));
    return next > at ? next - at : 1;
  }
  if (word.role == Role::kPreposition || (word.role == Role::kPlace && !is_only_adverb(word)))
    return preposition_at(words, at, items);
  items.push_back(item_of(adverb_kind(word.role), word));
  return 1;
}

bool speaks(Role role) {
  return role != Role::kNot && role != Role::kPast && role != Role::kFuture && role != Role::kQuestion &&
         role != Role::kLets && role != Role::kDot && role != Role::kConjunction;
}

}  // namespace

Items items_of(const std::vector<Word>& words) {
  std::vector<Word> spoken;
  for (const Word& word : words)
    if (speaks(word.role)) spoken.push_back(word);
  const bool either = std::any_of(words.begin(), words.end(),
                                  [](const Word& word) { return word.role == Role::kConjunction && word.is("or"); });
  Items items;
  for (std::size_t at = 0; at < spoken.size();) at += item_at(spoken, at, items, either ? "or" : "and");
  return items;
}

std::string time_phrase(const NounPhrase& noun) {
  if (noun.pronoun() || noun.that()) return {};
  const std::string word = english::lower_case(noun.head.text);
  const NounClass kind = noun.head.noun_class;
  const bool plain = noun.bare();
  NounContext context;
  context.use = Use::kAfterPreposition;
  const std::string text = text_of(noun, context);
  if (const std::string* preposition = noun.head.form("preposition"); preposition != nullptr && plain) {
    const bool article =
        *preposition == "in" && !noun.head.name && kind != NounClass::kMonth && kind != NounClass::kSeason;
    return *preposition + (article ? " the " : " ") + noun.head.text;
  }
  if (kind == NounClass::kDay) return (noun.demonstrative.empty() ? "on " : "") + text;
  if (kind == NounClass::kMonth) return (noun.demonstrative.empty() ? "in " : "") + (plain ? noun.head.text : text);
  if (kind == NounClass::kSeason)
    return plain ? "in " + noun.head.text : noun.demonstrative.empty() ? "in " + text : text;
  if (kind == NounClass::kDayPart)
    return plain ? "in the " + noun.head.text : noun.demonstrative.empty() ? "in " + text : text;
  if (!plain) return {};
  if (word == "night") return "at night";
  if (word == "weekend") return "at the weekend";
  if (word == "christmas" || word == "easter" || word == "new year" || word == "christmas period")
    return (word == "christmas period" ? "in the " : "at ") + noun.head.text;
  if (word == "week" || word == "month" || word == "year") return "this " + noun.head.text;
  if (word == "holy week") return "in " + noun.head.text;
  return {};
}

}  // namespace aacft
