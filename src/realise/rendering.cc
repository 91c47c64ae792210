#include "realise/rendering.h"

#include <algorithm>
#include <array>

#include "aacft/english/noun_tables.h"
#include "aacft/english/spelling.h"
#include "realise/finite.h"
#include "realise/items.h"

namespace aacft {
namespace {

using english::listed;

void add(std::string& text, std::string_view word) {
  if (word.empty()) return;
  if (!text.empty()) text += ' ';
  text += word;
}

class Rendering {
 public:
  explicit Rendering(const Clause& clause) : clause_(clause) {}

  std::string run() {
    std::string text;
    if (clause_.lets) {
      text = lets();
    } else if (!clause_.groups.empty() || clause_.modal) {
      text = sentence();
    } else {
      text = fragment();
    }
    return with_front(text);
  }

 private:
  const Pronoun* subject_pronoun() const {
    return clause_.subject.size() == 1 && clause_.subject[0].pronoun() && !clause_.subject[0].head.absolute
               ? clause_.subject[0].head.pronoun
               : nullptr;
  }

  std::string subject_text() const {
    NounContext context;
    context.use = Use::kSubject;
    context.many = clause_.subject.size() == 1 && those(clause_);
    std::vector<std::string> parts;
    for (NounPhrase noun : clause_.subject) {
      if (is_body_part(noun.head) && noun.bare() && hurts()) noun.possessor = pronoun_of("I");
      parts.push_back(text_of(noun, context));
    }
    return listing(parts, clause_.conjunction);
  }

  // "head hurt": my head hurts.
  bool hurts() const {
    if (clause_.groups.empty()) return false;
    const Group& first = clause_.groups[0];
    if (listed("|hurt|ache|itch|bleed|feel|", first.verb.text)) return true;
    return first.verb.is("be") && !first.after.empty() && first.after[0].kind == ItemKind::kAdjective;
  }

  std::string topic_text() const {
    NounContext context;
    context.use = Use::kSubject;
    std::vector<std::string> parts;
    for (const NounPhrase& noun : clause_.topic) parts.push_back(text_of(noun, context));
    return listing(parts);
  }

  // Whose hands are washed.
  const Pronoun& owner() const {
    const Pronoun* who = subject_pronoun();
    return who != nullptr ? *who : *pronoun_of(clause_.imperative ? "you" : clause_.lets ? "we" : subject_default());
  }

  // "dry one's hands", "dress oneself", "brush teeth".
  std::string reflexive(std::string text) const {
    const Pronoun& pronoun = owner();
    const std::size_t space = text.find_last_of(' ');
    Word last;
    if (space != std::string::npos) last.text = text.substr(space + 1);
    if (space != std::string::npos && is_body_part(last) && !last.is("back") && !last.is("bottom") &&
        text.find(' ') == space)
      return text.substr(0, space + 1) + std::string(pronoun.possessive) + " " + last.text;
    for (const auto& [word, own] :
         {std::pair<std::string_view, std::string_view>{"one's", pronoun.possessive}, {"oneself", pronoun.reflexive}})
      if (const std::size_t at = text.find(word); at != std::string::npos && (at == 0 || text[at - 1] == ' '))
        text.replace(at, word.size(), own);
    return text;
  }

  std::string_view subject_default() const {
    const Agreement who = agreement_of(clause_);
    if (who.plural) return who.person == 1 ? "we" : who.person == 2 ? "you" : "they";
    return !clause_.subject.empty() && clause_.subject[0].head.person() ? "they" : "it";
  }

  std::string frequency_text() const {
    std::string text;
    for (const Item& item : clause_.frequencies) add(text, item.text);
    return text;
  }

  std::string sentence() {
    if (clause_.imperative) return imperative();
    const bool inverted = clause_.question && !clause_.wh_subject;
    if (clause_.groups.empty()) return only_modal(inverted);
    const Group& first = clause_.groups[0];
    const Finite verb = finite(clause_, first.verb, inverted);
    std::string text = wh_text();
    const std::string subject = clause_.wh_subject ? "" : subject_text();
    std::string auxiliary = verb.auxiliary;
    if (clause_.negated && !auxiliary.empty()) auxiliary = negated(auxiliary);
    if (inverted) {
      if (auxiliary == "am not") {
        add(text, "am " + subject + " not");
      } else {
        add(text, auxiliary);
        add(text, subject);
      }
    } else {
      add(text, subject);
      add(text, auxiliary);
    }
    add(text, frequency_text());
    if (first.really || clause_.really_modal) add(text, "really");
    add(text, reflexive(verb.rest));
    if (first.modal && clause_.groups.size() == 1) add(text, "to");
    add_groups(text, auxiliary.empty() || verb.rest.empty() || first.verb.is("be") ? Form::kFinite : Form::kPlain);
    add_times(text);
    return text;
  }

  std::string only_modal(bool inverted) const {
    Word nothing;
    Finite verb = modal_verb(clause_, nothing);
    while (verb.rest.ends_with(' ')) verb.rest.pop_back();
    std::string auxiliary = clause_.negated && !verb.auxiliary.empty() ? negated(verb.auxiliary) : verb.auxiliary;
    std::string text = wh_text();
    const std::string subject = clause_.wh_subject ? "" : subject_text();
    add(text, inverted ? auxiliary : subject);
    add(text, inverted ? subject : auxiliary);
    add(text, frequency_text());
    if (clause_.really_modal) add(text, "really");
    add(text, verb.rest);
    add_times(text);
    return text;
  }

  enum class Form { kFinite, kPlain, kGerund };

  // What follows the first verb: its complements, then the other verbs.
  void add_groups(std::string& text, Form form) {
    add_complements(text, clause_.groups[0]);
    for (std::size_t i = 1; i < clause_.groups.size(); ++i) {
      const Group& group = clause_.groups[i];
      std::string verb = group.verb.text;
      if (group.link == Link::kTo) verb = "to " + verb;
      if (group.link == Link::kTo || group.link == Link::kBare) form = Form::kPlain;
      if (group.link == Link::kGerund) form = Form::kGerund;
      if (form == Form::kGerund) verb = ing_form(group.verb);
      if (group.link == Link::kAnd) {
        if (form == Form::kFinite) verb = coordinated(group.verb);
        verb = "and " + verb;
      }
      add(text, group.really ? really_before(reflexive(verb)) : reflexive(verb));
      if (group.modal && i + 1 == clause_.groups.size()) add(text, "to");
      add_complements(text, group);
    }
  }

  static std::string really_before(const std::string& verb) {
    if (verb.starts_with("to ")) return "to really " + verb.substr(3);
    if (verb.starts_with("and ")) return "and really " + verb.substr(4);
    return "really " + verb;
  }

  // The second verb of the same tense: "he ate and drank".
  std::string coordinated(const Word& verb) const {
    if (clause_.wh_subject || !clause_.modal) {
      const Agreement who = agreement_of(clause_);
      if (clause_.future || (clause_.negated && !verb.is("be")) || (clause_.question && !clause_.wh_subject))
        return verb.text;
      if (verb.is("be")) return clause_.past ? past_be(who) : present_be(who);
      if (clause_.past) return past_form(verb);
      return !who.plural && who.person == 3 ? third_form(verb) : verb.text;
    }
    return verb.text;
  }

  // Objects, adjectives, places and the like, in their order; runs of noun phrases are listed.
  void add_complements(std::string& text, const Group& group) const {
    std::vector<NounPhrase> run;
    const std::vector<Item> after = arranged(group);
    bool object = false;
    if (group.verb.is("be")) return add_predicates(text, group, after);
    for (std::size_t i = 0; i < after.size(); ++i) {
      const Item& item = after[i];
      if (item.kind == ItemKind::kNoun) {
        run.push_back(item.noun);
        const bool last = i + 1 == after.size() || after[i + 1].kind != ItemKind::kNoun;
        if (last) {
          add_nouns(text, group.verb, run, object);
          object = true;
          run.clear();
        }
      } else {
        add(text, other_text(item, group, object));
      }
    }
  }

  // What something is: nouns and adjectives in one list.
  void add_predicates(std::string& text, const Group& group, const std::vector<Item>& after) const {
    std::vector<std::string> run;
    const NounContext context = object_context(group.verb);
    for (std::size_t i = 0; i <= after.size(); ++i) {
      const bool listed_too =
          i < after.size() && (after[i].kind == ItemKind::kNoun || after[i].kind == ItemKind::kAdjective);
      if (listed_too) {
        run.push_back(after[i].kind == ItemKind::kNoun ? text_of(after[i].noun, context) : after[i].text);
        continue;
      }
      add(text, listing(run, clause_.conjunction));
      run.clear();
      if (i < after.size()) add(text, other_text(after[i], group, false));
    }
  }

  // Adjectives go to their noun: "an apple, red" is a red apple; without one, they are "a red one".
  static std::vector<Item> arranged(const Group& group) {
    std::vector<Item> items;
    for (const Item& item : group.after) {
      const bool to_noun = item.kind == ItemKind::kAdjective && !items.empty() &&
                           items.back().kind == ItemKind::kNoun && items.back().noun.head.role == Role::kNoun &&
                           !items.back().noun.head.name;
      if (to_noun) {
        items.back().noun.adjectives.push_back(item.text);
        continue;
      }
      const bool after_pronoun = !items.empty() && items.back().kind == ItemKind::kNoun;
      items.push_back(item);
      if (item.kind != ItemKind::kAdjective || after_pronoun || is_linking(group.verb) ||
          is_adverbial(group.verb, item))
        continue;
      Item& one = items.back();
      one.kind = ItemKind::kNoun;
      one.has_noun = true;
      one.noun.adjectives.push_back(item.text);
    }
    return items;
  }

  // feel happy
  static bool is_linking(const Word& verb) {
    return listed("|be|feel|look|seem|get|become|stay|keep|turn|smell|taste|sound|grow|", verb.text);
  }

  // run quickly
  static bool is_adverbial(const Word& verb, const Item& adjective) {
    return is_intransitive(verb) || (!is_state(verb) && !english::adverb_of(adjective.word.text).empty());
  }

  NounContext object_context(const Word& verb) const {
    NounContext context;
    context.use = verb.is("be") ? Use::kComplement : is_generic(verb) ? Use::kGeneric : Use::kObject;
    context.subject = subject_pronoun();
    if (verb.is("be")) context.subject = nullptr;
    const bool all_alive = std::all_of(clause_.subject.begin(), clause_.subject.end(),
                                       [](const NounPhrase& noun) { return noun.head.alive() || noun.pronoun(); });
    const bool one_pronoun =
        clause_.subject.size() == 1 && clause_.subject[0].pronoun() && agreement_of(clause_).person != 2;
    context.many =
        clause_.lets || (agreement_of(clause_).plural && all_alive && (clause_.subject.size() > 1 || one_pronoun));
    context.only_alive = clause_.lets;
    context.any = clause_.question && verb.is("have");
    context.plain_mass = clause_.negated || frequency_text() == "never";
    context.the = is_of_the(verb);
    return context;
  }

  void add_nouns(std::string& text, const Word& verb, std::vector<NounPhrase>& nouns, bool second) const {
    NounContext context = object_context(verb);
    std::string_view preposition = second ? "" : preposition_for(verb, nouns[0]);
    if (clause_.imperative && context.subject == nullptr && !verb.is("be")) context.subject = pronoun_of("you");
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
        add(text, same ? clause_.conjunction : std::string(own));
        add(text, text_of(noun, there));
      }
      return;
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
        noun.possessor = clause_.imperative ? pronoun_of("I") : &owner();
      if (verb.is("watch") && listed("|TV|television|telly|", noun.head.text) && noun.bare()) noun.head.mass = true;
      parts.push_back(text_of(noun, own));
    }
    add(text, preposition);
    add(text, listing(parts, clause_.conjunction));
  }

  // go to school, go home, go by bus; listen to; sleep in; play the piano.
  static std::string_view preposition_for(const Word& verb, const NounPhrase& noun) {
    const bool place = noun.head.noun_class == english::NounClass::kPlace && noun.head.role == Role::kNoun;
    if (is_motion(verb) && !verb.is("get")) {
      if (noun.head.is("home") && noun.bare()) return "";
      if (noun.head.noun_class == english::NounClass::kVehicle && noun.bare() && !noun.head.plural) return "by";
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

  std::string other_text(const Item& item, const Group& group, bool object) const {
    if (item.kind == ItemKind::kAdjective) return adjective_text(item, group, object);
    if (item.kind == ItemKind::kPreposition || item.kind == ItemKind::kPlace) {
      std::string text = prepositional(item);
      const bool alone = item.kind == ItemKind::kPlace && !object;
      if (alone && (group.verb.is("have") || listed("|like|love|hate|prefer|", group.verb.text))) return "it " + text;
      return text;
    }
    return item.text;
  }

  static std::string prepositional(const Item& item) {
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

  static std::string adjective_text(const Item& item, const Group& group, bool object) {
    const std::string adverb = english::adverb_of(item.word.text);
    if (is_linking(group.verb) || object || adverb.empty()) return item.text;
    return item.text.substr(0, item.text.size() - item.word.text.size()) + adverb;
  }

  bool tells_tense() const {
    const auto tells = [](const Item& time) { return time.word.tense != 0; };
    return std::any_of(clause_.end_times.begin(), clause_.end_times.end(), tells) ||
           std::any_of(clause_.front_times.begin(), clause_.front_times.end(), tells);
  }

  void add_times(std::string& text) const {
    const bool timeless =
        clause_.modal && clause_.future && !listed("|can|must|will|would|shall|", clause_.modal->text) && !clause_.lets;
    if (timeless && !tells_tense()) add(text, "in the future");
    for (const Item& item : clause_.end_times) add(text, item.text);
  }

  std::string wh_text() const {
    if (!clause_.wh) return {};
    if (!clause_.wh->has_noun) return clause_.wh->word.text;
    NounPhrase noun = clause_.wh->noun;
    const bool many = clause_.wh->word.is("how many");
    std::string head = many ? plural_form(noun.head) : noun.head.text;
    std::string text = clause_.wh->word.text;
    for (const std::string& adjective : noun.adjectives) add(text, adjective);
    add(text, head);
    return text;
  }

  std::string imperative() {
    const Group& first = clause_.groups[0];
    std::string text = clause_.negated ? "don't" : "";
    add(text, frequency_text());
    if (first.really) add(text, "really");
    add(text, reflexive(first.verb.text));
    add_groups(text, Form::kPlain);
    add_times(text);
    return text;
  }

  std::string lets() {
    std::string text = "let's";
    if (clause_.subject.size() == 1 && clause_.subject[0].subject_pronoun() &&
        clause_.subject[0].head.pronoun->subject != "we") {
      text = "let " + std::string(clause_.subject[0].head.pronoun->object);
    } else if (!clause_.subject.empty()) {
      NounContext context;
      std::vector<std::string> parts;
      for (const NounPhrase& noun : clause_.subject) parts.push_back(text_of(noun, context));
      text = "let " + listing(parts, clause_.conjunction);
    }
    if (clause_.negated) add(text, "not");
    add(text, frequency_text());
    if (clause_.modal) {
      if (clause_.really_modal) add(text, "really");
      add(text, clause_.modal->is("can") ? "be able to" : clause_.modal->is("must") ? "have to" : clause_.modal->text);
    }
    if (!clause_.groups.empty()) {
      if (clause_.groups[0].really) add(text, "really");
      add(text, reflexive(clause_.groups[0].verb.text));
      add_groups(text, Form::kPlain);
    }
    if (clause_.past && clause_.future) {
      add(text, "later, like before");
    } else if (clause_.past) {
      add(text, "like before");
    } else if (clause_.future && !tells_tense()) {
      add(text, "later");
    }
    add_times(text);
    if (clause_.question) text += ", shall we";
    return text;
  }

  // Without a verb: "an apple", "no apple", "there was an apple", "I will".
  std::string fragment() {
    if (clause_.wh) return with_grammar(wh_fragment());
    if (!clause_.subject.empty()) return only_subject();
    if (clause_.fragment.empty()) return only_grammar();
    std::string text;
    const bool pronouns = clause_.fragment[0].kind == ItemKind::kNoun &&
                          (clause_.fragment[0].noun.pronoun() || clause_.fragment[0].noun.that());
    const bool nouns = clause_.fragment[0].kind == ItemKind::kNoun;
    if ((clause_.past || clause_.future) && nouns) return existential();
    if (clause_.past || clause_.future) {
      text = fragment_text(false);
      add(text, frequency_text());
      add_times(text);
      return with_grammar(text);
    }
    if (clause_.negated)
      text =
          nouns && !pronouns && clause_.fragment[0].noun.bare() && !clause_.fragment[0].noun.head.name ? "no" : "not";
    add(text, fragment_text(text == "no"));
    add(text, frequency_text());
    add_times(text);
    return text;
  }

  // What no verb can show: "not", "in the past".
  std::string with_grammar(std::string text) const {
    if (clause_.negated) text = "not " + text;
    if (clause_.past) add(text, "in the past");
    if (clause_.future) add(text, clause_.past ? "and the future" : "in the future");
    return text;
  }

  std::string fragment_text(bool without_article) const {
    std::string text;
    std::vector<std::string> run;
    NounContext context;
    context.use = Use::kAlone;
    for (std::size_t i = 0; i < clause_.fragment.size(); ++i) {
      const Item& item = clause_.fragment[i];
      if (item.kind == ItemKind::kNoun) {
        run.push_back(without_article && item.noun.bare() && item.noun.head.role == Role::kNoun
                          ? item.noun.head.text
                          : text_of(item.noun, context));
        if (i + 1 < clause_.fragment.size() && clause_.fragment[i + 1].kind == ItemKind::kNoun) continue;
        add(text, listing(run, clause_.negated && without_article ? "and no" : clause_.conjunction));
        run.clear();
        continue;
      }
      const bool states = i > 0 && clause_.fragment[i - 1].kind == item.kind && item.kind == ItemKind::kAdjective;
      if (states) add(text, "and");
      add(text,
          item.kind == ItemKind::kPreposition || item.kind == ItemKind::kPlace ? prepositional_alone(item) : item.text);
    }
    return text;
  }

  std::string prepositional_alone(const Item& item) const {
    return clause_.fragment.size() == 1 && !item.has_noun ? item.text : prepositional(item);
  }

  // "there was a dog", "there won't be any milk".
  std::string existential() {
    const bool many = clause_.fragment[0].noun.plural();
    const Agreement who{3, many};
    std::string auxiliary = clause_.past && clause_.future ? "would" : clause_.future ? "will" : past_be(who);
    if (clause_.negated) auxiliary = negated(auxiliary);
    std::string text;
    const std::string there = clause_.fragment[0].noun.pronoun() ? "it" : "there";
    text = clause_.question ? auxiliary + " " + there : there + " " + auxiliary;
    add(text, frequency_text());
    if (clause_.future) add(text, "be");
    add(text, fragment_text(false));
    add_times(text);
    return text;
  }

  std::string wh_fragment() {
    std::string text = wh_text();
    add(text, frequency_text());
    if (clause_.wh->has_noun || clause_.fragment.empty()) {
      add(text, fragment_text(false));
      add_times(text);
      return text;
    }
    std::string be = clause_.past ? "was" : "is";
    if (clause_.fragment[0].kind == ItemKind::kNoun) {
      add(text, be);
    }
    add(text, fragment_text(false));
    add_times(text);
    return text;
  }

  // "I will", "they don't", "you".
  std::string only_subject() {
    std::string text = wh_text();
    const bool marked = clause_.past || clause_.future || clause_.negated;
    if (!marked) {
      NounContext context;
      context.use = Use::kAlone;
      std::vector<std::string> parts;
      for (const NounPhrase& noun : clause_.subject) parts.push_back(text_of(noun, context));
      add(text, listing(parts, clause_.conjunction));
      add(text, frequency_text());
      add_times(text);
      return text;
    }
    const Agreement who = agreement_of(clause_);
    std::string auxiliary = clause_.past && clause_.future   ? "would"
                            : clause_.future                 ? "will"
                            : clause_.past                   ? "did"
                            : !who.plural && who.person == 3 ? "does"
                                                             : "do";
    if (clause_.negated) auxiliary = negated(auxiliary);
    add(text, clause_.question ? auxiliary : subject_text());
    add(text, clause_.question ? subject_text() : auxiliary);
    add(text, frequency_text());
    add_times(text);
    return text;
  }

  std::string only_grammar() const {
    std::string text;
    if (clause_.past && clause_.future) {
      text = "in the past and the future";
    } else if (clause_.past || clause_.future) {
      text = clause_.past ? "in the past" : "in the future";
    }
    std::string rest;
    add(rest, frequency_text());
    add_times(rest);
    if (tells_tense()) text.clear();
    if (clause_.negated) text = text.empty() && rest.empty() ? "no" : text.empty() ? "not" : "not " + text;
    add(text, rest);
    if (text.empty() && clause_.front_times.empty() && clause_.question) text = "question";
    return text;
  }

  std::string with_front(const std::string& text) const {
    std::string front;
    for (const Item& item : clause_.front_times) add(front, item.text);
    const std::string topic = clause_.topic.empty() ? "" : topic_text() + ",";
    add(front, topic);
    if (!front.empty() && !text.empty() && topic.empty() && clause_.front_times.size() == 1 &&
        (clause_.question || front.find(' ') != std::string::npos))
      front += ",";
    add(front, text);
    return front;
  }

  const Clause& clause_;
};

}  // namespace

std::string text_of(const Clause& clause) { return Rendering(clause).run(); }

}  // namespace aacft
