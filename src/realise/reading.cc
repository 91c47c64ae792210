#include "realise/reading.h"

#include <algorithm>
#include <string>

#include "aacft/english/noun_tables.h"
#include "realise/syntax.h"
#include "realise/word_kinds.h"

namespace aacft {
namespace {

using english::listed;
using english::NounClass;
using Words = std::vector<Word>;

Role role_at(const Words& words, std::size_t at) { return at < words.size() ? words[at].role : Role::kDot; }

bool acts_in(const Words& words, std::size_t from, std::size_t to) {
  const auto begin = words.begin();
  return std::any_of(begin + static_cast<std::ptrdiff_t>(from), begin + static_cast<std::ptrdiff_t>(to), acts);
}

Word plain(Role role, std::string_view text) {
  Word word;
  word.role = role;
  word.text = text;
  return word;
}

// A thing, whose it is, or an object.
bool begins_noun(const Word& word) {
  return word.role == Role::kNoun || word.role == Role::kPossessive || word.role == Role::kThat ||
         (word.role == Role::kPronoun && word.clitic && !word.absolute);
}

void erase(Words& words, std::size_t at) { words.erase(words.begin() + static_cast<std::ptrdiff_t>(at)); }

// "I tired so I go bed", "so I go": so joins; "so tired", "so many" and "I think so" don't. "first eat then play": then
// joins two actions.
void join_clauses(Words& words) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    Word& word = words[i];
    const Role next = words[i + 1].role;
    const bool so = word.is("so") && (word.role == Role::kDegree || word.role == Role::kConjunction);
    if (so) {
      const bool measures = next == Role::kAdjective || next == Role::kDegree || next == Role::kManner ||
                            (next == Role::kDeterminer && listed("|many|much|few|", words[i + 1].text));
      const bool ends = next == Role::kQuestion || next == Role::kInterjection;
      const bool inside =
          i == 1 && nominative(words[0]) && !nominative(words[2 < words.size() ? 2 : 1]);  // "I so want"
      const bool denied = i > 0 && negates(words[i - 1]);
      word.role = measures || inside || denied ? Role::kDegree : ends ? word.role : Role::kConjunction;
    }
    const bool orders = (word.is("before") || word.is("after") || word.is("until")) &&
                        (word.role == Role::kTime || word.role == Role::kPreposition);
    if (orders && nominative(words[i + 1]) && acts_in(words, i + 2, words.size())) word.role = Role::kConjunction;
    if (orders && word.role == Role::kTime && begins_noun(words[i + 1])) word.role = Role::kPreposition;
    if (i == 0 && word.is("first") && (next == Role::kVerb || nominative(words[1]))) word.role = Role::kTime;
    const bool only = (word.is("only") || word.is("just")) && word.role == Role::kFrequency && i > 1 &&
                      (words[i - 1].role == Role::kAdjective || words[i - 1].role == Role::kNoun) &&
                      (next == Role::kAdjective || next == Role::kNoun) && !acts_in(words, i, words.size()) &&
                      std::any_of(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(i), negates);
    if (only) word.role = Role::kConjunction;  // "I no hungry only thirsty"
    const bool then = word.is("then") && word.role == Role::kTime && i > 0;
    if (then && acts_in(words, 0, i) && acts_in(words, i + 1, words.size())) word.role = Role::kConjunction;
  }
  if (!words.empty() && words.back().is("so") && words.back().role == Role::kConjunction)
    words.back().role = Role::kDegree;  // "I think so"
}

// "the red one", "that one": a thing whose name is understood.
void name_ones(Words& words) {
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (!words[i].is("one") || words[i].role != Role::kDeterminer) continue;
    const Word& before = words[i - 1];
    const bool picks = before.role == Role::kAdjective || before.role == Role::kThat ||
                       (before.role == Role::kDeterminer && listed("|another|every|each|the|other|", before.text)) ||
                       before.is("which");
    const Role next = role_at(words, i + 1);
    if (!picks || next == Role::kNoun || next == Role::kAdjective || next == Role::kDeterminer) continue;
    if (before.is("other")) words[i - 1].role = Role::kAdjective;  // "the other one"
    words[i] = Word();
    words[i].text = "one";
  }
}

// "two more", "one more biscuit"
void join_amounts(Words& words) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const bool number = words[i].role == Role::kDeterminer && words[i].count != Count::kAny && !words[i].is("more") &&
                        !listed("|all|both|most|less|fewer|every|each|another|a|an|enough|", words[i].text);
    if (!number || words[i + 1].role != Role::kDeterminer || !words[i + 1].is("more")) continue;
    words[i].text += " more";
    erase(words, i + 1);
  }
}

// "12 year old": 12 years old.
void read_ages(Words& words) {
  for (std::size_t i = 0; i + 2 < words.size(); ++i) {
    const bool age = words[i].role == Role::kDeterminer && listed("|year|years|month|months|", words[i + 1].text) &&
                     words[i + 2].is("old");
    if (!age) continue;
    words[i + 2].text = words[i].text + " " +
                        (words[i].is("one") || words[i].is("1") ? words[i + 1].text : plural_form(words[i + 1])) +
                        " old";
    words[i + 2].role = Role::kAdjective;
    words.erase(words.begin() + static_cast<std::ptrdiff_t>(i), words.begin() + static_cast<std::ptrdiff_t>(i) + 2);
  }
}

// "I cold", "water cold": the quality of a word that is a thing, too, where nothing is done with the thing.
void read_qualities(Words& words, const Lexicon& lexicon) {
  for (std::size_t i = 1; i < words.size(); ++i) {
    Word& word = words[i];
    const bool contrast = i > 1 && negates(words[i - 1]) && words[i - 2].role == Role::kAdjective;  // "hot no cold"
    if (word.role != Role::kNoun || word.entry == nullptr || (acts_in(words, 0, i) && !contrast)) continue;
    std::size_t before = i;
    while (before > 0 && (negates(words[before - 1]) || is_between(words[before - 1]))) --before;
    const auto nouns = std::count_if(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(i),
                                     [](const Word& one) { return one.role == Role::kNoun; });
    if (before == 0 ||
        !(contrast || nominative(words[before - 1]) || (words[before - 1].role == Role::kNoun && nouns == 1)))
      continue;
    if (role_at(words, i + 1) == Role::kNoun) continue;
    const LexiconEntry* quality = lexicon.find(word.entry->icon.word, IconType::kAdjective);
    if (quality == nullptr || quality->icon.type != IconType::kAdjective) continue;
    if (Word as_quality = word_of(quality->icon, lexicon); as_quality.role == Role::kAdjective) {
      const bool felt = is_state_of_mind(as_quality) || as_quality.is("cold");
      if (felt || !acts_in(words, i + 1, words.size())) word = as_quality;
    }
  }
}

// "scared dog" of somebody: of the dog. "" where the quality is of nothing.
std::string_view preposition_of_state(const Word& state) {
  static constexpr std::pair<std::string_view, std::string_view> kPrepositions[] = {
      {"|scared|afraid|frightened|terrified|proud|jealous|ashamed|fond|tired|", "of"},
      {"|angry|cross|annoyed|furious|bored|pleased|disappointed|fed up|", "with"},
      {"|happy|sad|excited|worried|nervous|upset|confused|sorry|", "about"},
      {"|ready|late|", "for"},
      {"|allergic|kind|rude|mean|", "to"},
      {"|interested|", "in"}};
  for (const auto& [states, preposition] : kPrepositions)
    if (listed(states, state.text)) return preposition;
  return {};
}

// "I scared dog": I am scared of the dog; not "he angry man".
void add_prepositions(Words& words) {
  for (std::size_t i = 1; i + 1 < words.size(); ++i) {
    if (words[i].role != Role::kAdjective || !begins_noun(words[i + 1])) continue;
    const std::string_view preposition = preposition_of_state(words[i]);
    std::size_t subject = i;
    while (subject > 0 &&
           (negates(words[subject - 1]) || is_between(words[subject - 1]) || words[subject - 1].is("be")))
      --subject;
    if (preposition.empty() || subject == 0 || !nominative(words[subject - 1])) continue;
    std::size_t last = i + 1;
    while (last + 1 < words.size() && (begins_noun(words[last + 1]) || words[last + 1].role == Role::kAdjective))
      ++last;
    const Word& thing = words[last];
    const bool what = last == i + 1 && thing.person() && !is_proper(thing) && thing.role == Role::kNoun;
    const Role next = role_at(words, last + 1);
    const bool alone = next == Role::kDot || next == Role::kQuestion || next == Role::kTime ||
                       next == Role::kConjunction || next == Role::kInterjection;
    if (what || !alone || (thing.role != Role::kNoun && thing.role != Role::kPronoun)) continue;
    words.insert(words.begin() + static_cast<std::ptrdiff_t>(i) + 1, plain(Role::kPreposition, preposition));
  }
}

// "say yes", "tell him yes": what is said.
void read_answers(Words& words) {
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i].role != Role::kInterjection || words[i].is("please")) continue;
    const bool said = words[i - 1].role == Role::kVerb && words[i - 1].is("say");
    const bool told = i > 1 && words[i - 2].role == Role::kVerb && words[i - 2].is("tell") && names(words[i - 1]);
    if (said || told) words[i].role = Role::kManner;
  }
}

bool may_own(const Word& word) {
  return is_proper(word) && word.alive() && !word.plural && !is_negative(word) && !word.has("pronoun");
}

bool may_be_owned(const Word& word) {
  const NounClass kind = word.noun_class;
  return word.role == Role::kNoun && !word.name && !word.portion && !word.has("pronoun") && word.entry != nullptr &&
         (kind == NounClass::kThing || kind == NounClass::kVehicle || is_body_part(word)) && !word.mass;
}

// "mum bag be red": mum's bag. Who is given something does not own it yet, and who is named after "and" is one of many.
void find_owners(Words& words) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (!may_own(words[i]) || !may_be_owned(words[i + 1])) continue;
    const bool listed_too = i > 0 && (words[i - 1].is("and") || words[i - 1].role == Role::kNoun);
    const bool receives = std::any_of(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(i), takes_two);
    if (listed_too || receives || role_at(words, i + 2) == Role::kNoun) continue;
    words[i].role = Role::kPossessive;
    words[i].text += "'s";
    words[i].pronoun = nullptr;
  }
}

// "you name": your name.
void own_names(Words& words) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i)
    if (words[i].role == Role::kPronoun && !words[i].absolute && words[i + 1].is("name") &&
        words[i + 1].role == Role::kNoun && !acts_in(words, 0, i)) {
      words[i].role = Role::kPossessive;
      words[i].text = words[i].pronoun->possessive;
    }
}

// "my name Anna": my name is Anna.
void add_be_to_names(Words& words) {
  for (std::size_t i = 1; i + 1 < words.size(); ++i) {
    const bool named = words[i].is("name") && words[i].role == Role::kNoun && words[i - 1].role == Role::kPossessive;
    std::size_t name = i + 1;
    while (negates(words[name]) && name + 1 < words.size()) ++name;
    if (!named || words[name].role != Role::kNoun || words[name].entry != nullptr) continue;
    words[name].name = true;
    words.insert(words.begin() + static_cast<std::ptrdiff_t>(i) + 1, plain(Role::kVerb, "be"));
  }
}

// "today be Monday", "today bad day": a day is said of it. Its time is the verb's.
void read_days(Words& words) {
  if (words.size() < 2 || words[0].role != Role::kTime || !listed("|today|tomorrow|yesterday|", words[0].text)) return;
  const std::size_t said = words[1].is("be") ? 2 : 1;
  const auto last =
      std::find_if_not(words.begin() + static_cast<std::ptrdiff_t>(said), words.end(), [](const Word& word) {
        return leads_noun(word) || word.role == Role::kAdjective || word.role == Role::kDegree || negates(word);
      });
  if (last == words.end() || last->role != Role::kNoun || last + 1 != words.end()) return;
  if (last->noun_class != NounClass::kDay && !last->text.ends_with("day")) return;
  if (said == 1) words.insert(words.begin() + 1, plain(Role::kVerb, "be"));
  const int tense = words[0].tense;
  words[0].role = Role::kNoun;
  words[0].name = true;
  if (tense != 0) words.insert(words.begin() + 1, plain(tense < 0 ? Role::kPast : Role::kFuture, ""));
}

// "window open please": a request.
void read_requests(Words& words) {
  const bool asks = words.size() == 3 && words[2].is("please") && words[0].role == Role::kNoun && !words[0].alive();
  if (asks && words[1].role == Role::kVerb && is_of_the(words[1])) std::swap(words[0], words[1]);
}

// "it no me", "it be not you": what it is not.
void read_identities(Words& words) {
  const bool be = words.size() == 4 && words[1].is("be");
  if ((words.size() != 3 && !be) || !(words[0].is("it") || words[0].role == Role::kThat)) return;
  if (negates(words[be ? 2 : 1]) && words.back().role == Role::kPronoun && !words.back().absolute)
    words.back().clitic = true;
}

// "mum's bag", written so by a board
void read_genitives(Words& words) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const bool owns =
        words[i].role == Role::kNoun && words[i].text.ends_with("'s") && words[i].noun_class != NounClass::kPlace;
    if (owns && (begins_noun(words[i + 1]) || words[i + 1].role == Role::kAdjective)) words[i].role = Role::kPossessive;
  }
}

// "I want to go": "to" says nothing that its verb does not. "where do you live": neither does "do".
void drop_helpers(Words& words) {
  const auto other_auxiliary = [](const Word& word) {
    return word.role == Role::kModal || word.role == Role::kLets || word.role == Role::kFuture || word.is("be");
  };
  const bool may_drop_do = std::none_of(words.begin(), words.end(), other_auxiliary);
  for (std::size_t i = 1; i + 1 < words.size(); ++i) {
    const Word& before = words[i - 1];
    const bool to = words[i].role == Role::kPreposition && words[i].is("to") && words[i + 1].role == Role::kVerb &&
                    before.role == Role::kVerb && (takes_to(before) || is_motion(before));
    const bool after_wh = before.role == Role::kWh || (i > 1 && is_tense(before) && words[i - 2].role == Role::kWh);
    const bool asks =
        may_drop_do && after_wh && words[i].is("do") && nominative(words[i + 1]) && acts_in(words, i + 2, words.size());
    if (to || asks) erase(words, i--);
  }
}

// "any help", "more help"
void read_help(Words& words) {
  for (std::size_t i = 1; i < words.size(); ++i) {
    const bool amount = leads_noun(words[i - 1]) && words[i - 1].pronoun == nullptr;
    const bool none = i > 1 && words[i - 1].role == Role::kNo && is_will(words[i - 2]) && i + 1 == words.size();
    if (words[i].role == Role::kVerb && words[i].is("help") && (amount || none)) {
      words[i].role = Role::kNoun;
      words[i].mass = true;
    }
  }
}

// "there my bag", "here no mum": what is known is there, or is not.
void read_known_places(Words& words) {
  if (words.size() < 2 || words[0].role != Role::kPlace || !(words[0].is("there") || words[0].is("here"))) return;
  const bool denied = negates(words[1]);
  const std::size_t noun = denied ? 2 : 1;
  if (noun == words.size() || acts_in(words, 0, words.size())) return;
  const Word& first = words[noun];
  if (!(first.role == Role::kPossessive || (is_proper(first) && !first.has("pronoun")) || first.role == Role::kThat))
    return;
  if (std::any_of(words.begin() + static_cast<std::ptrdiff_t>(noun), words.end(), [](const Word& word) {
        return !(leads_noun(word) || word.role == Role::kNoun || word.role == Role::kAdjective ||
                 word.role == Role::kThat || word.role == Role::kQuestion);
      }))
    return;
  const auto end =
      std::find_if(words.begin(), words.end(), [](const Word& word) { return word.role == Role::kQuestion; });
  std::rotate(words.begin(), words.begin() + 1, end);
  if (denied) std::rotate(words.begin(), words.begin() + 1, end - 1);
}

// "something else"; "the same" alone; "talker off"
void read_short_ones(Words& words) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i].role == Role::kNoun && words[i].has("pronoun") && words[i + 1].is("else")) {
      words[i].text += " else";
      erase(words, i + 1);
    }
    const bool same = words[i].is("the") && words[i + 1].is("same") && role_at(words, i + 2) != Role::kNoun;
    if (same) erase(words, i);
  }
  for (std::size_t i = 0; i < words.size(); ++i)
    if (words[i].role == Role::kAdjective && words[i].is("same") && role_at(words, i + 1) != Role::kNoun &&
        (i == 0 || !leads_noun(words[i - 1])))
      words[i].text = "the same";
  Word& last = words.back();
  if (words.size() > 1 && last.role == Role::kPreposition && (last.is("on") || last.is("off")) &&
      words[words.size() - 2].role == Role::kNoun && !words[words.size() - 2].alive() &&
      !acts_in(words, 0, words.size()))
    last.role = Role::kPlace;
}

}  // namespace

void read_together(Words& words, const Lexicon& lexicon) {
  if (words.empty()) return;
  read_short_ones(words);
  drop_helpers(words);
  join_clauses(words);
  read_help(words);
  read_known_places(words);
  name_ones(words);
  join_amounts(words);
  read_ages(words);
  read_qualities(words, lexicon);
  read_answers(words);
  own_names(words);
  add_be_to_names(words);
  read_genitives(words);
  find_owners(words);
  read_days(words);
  read_requests(words);
  read_identities(words);
  add_prepositions(words);
}

}  // namespace aacft
