#include "realise/rendering.h"

#include <utility>
#include <vector>

#include "realise/complements.h"
#include "realise/finite.h"
#include "realise/fragment.h"
#include "realise/pieces.h"

namespace aacft {
namespace {

enum class Form { kFinite, kPlain, kGerund };

std::string really_before(const std::string& verb) {
  if (verb.starts_with("to ")) return "to really " + verb.substr(3);
  if (verb.starts_with("and ")) return "and really " + verb.substr(4);
  return "really " + verb;
}

// The second verb of the same tense: "he ate and drank".
std::string coordinated(const Clause& clause, const Word& verb) {
  if (clause.wh_subject || !clause.modal) {
    const Agreement who = agreement_of(clause);
    if (clause.future || (clause.negated && !verb.is("be")) || (clause.question && !clause.wh_subject))
      return verb.text;
    if (verb.is("be")) return clause.past ? past_be(who) : present_be(who);
    if (clause.past) return past_form(verb);
    return !who.plural && who.person == 3 ? third_form(verb) : verb.text;
  }
  return verb.text;
}

// "he eats and doesn't drink"
std::string negated_verb(Clause clause, const Word& verb) {
  clause.negated = true;
  const Finite parts = finite(clause, verb, false);
  std::string text = negated(parts.auxiliary);
  add(text, parts.rest);
  return text;
}

// What follows the first verb: its complements, then the other verbs.
void add_groups(std::string& text, const Clause& clause, Form form) {
  add_complements(text, clause, clause.groups[0]);
  for (std::size_t i = 1; i < clause.groups.size(); ++i) {
    const Group& group = clause.groups[i];
    std::string verb = group.verb.text;
    if (group.link == Link::kTo) verb = "to " + verb;
    if (group.link == Link::kTo || group.link == Link::kBare) form = Form::kPlain;
    if (group.link == Link::kGerund) form = Form::kGerund;
    if (form == Form::kGerund) verb = ing_form(group.verb);
    const bool finite_too = group.link == Link::kAnd && form == Form::kFinite;
    const std::string& negation = group.verb.negation;
    const bool does_not = finite_too && negation == "not";
    if (finite_too) verb = does_not ? negated_verb(clause, group.verb) : coordinated(clause, group.verb);
    if (!negation.empty() && !does_not) verb = negation + " " + verb;
    if (group.link == Link::kAnd) verb = "and " + verb;
    add(text, group.really ? really_before(reflexive(clause, verb)) : reflexive(clause, verb));
    if (group.modal && i + 1 == clause.groups.size()) add(text, "to");
    add_complements(text, clause, group);
  }
}

std::string only_modal(const Clause& clause, bool inverted) {
  Word nothing;
  Finite verb = modal_verb(clause, nothing);
  while (verb.rest.ends_with(' ')) verb.rest.pop_back();
  std::string auxiliary = clause.negated && !verb.auxiliary.empty() ? negated(verb.auxiliary) : verb.auxiliary;
  std::string text = wh_text(clause);
  const std::string subject = clause.wh_subject ? "" : subject_text(clause);
  add(text, inverted ? auxiliary : subject);
  add(text, inverted ? subject : auxiliary);
  add(text, frequency_text(clause));
  if (clause.really_modal) add(text, "really");
  add(text, verb.rest);
  add_times(text, clause);
  return text;
}

std::string imperative(const Clause& clause) {
  const Group& first = clause.groups[0];
  std::string text = clause.negated ? "don't" : "";
  add(text, frequency_text(clause));
  if (first.really) add(text, "really");
  add(text, reflexive(clause, first.verb.text));
  add_groups(text, clause, Form::kPlain);
  add_times(text, clause);
  return text;
}

std::string sentence(const Clause& clause) {
  if (clause.imperative) return imperative(clause);
  const bool inverted = clause.question && !clause.wh_subject;
  if (clause.groups.empty()) return only_modal(clause, inverted);
  const Group& first = clause.groups[0];
  Finite verb = finite(clause, first.verb, inverted);
  const bool only_do = first.verb.is("do") && clause.groups.size() == 1 && first.after.empty() && !clause.modal;
  if (only_do && !clause.future && !clause.wh && !verb.auxiliary.empty()) verb.rest.clear();  // "he didn't"
  std::string text = wh_text(clause);
  const std::string subject = clause.wh_subject ? "" : subject_text(clause);
  std::string auxiliary = verb.auxiliary;
  if (clause.negated && !auxiliary.empty()) auxiliary = negated(auxiliary);
  const bool before = clause.often_not && !inverted && !first.verb.is("be");  // "I often don't sleep"
  if (inverted) {
    if (auxiliary == "am not") {
      add(text, "am " + subject + " not");
    } else {
      add(text, auxiliary);
      add(text, subject);
    }
  } else {
    add(text, subject);
    if (before) add(text, frequency_text(clause));
    add(text, auxiliary);
  }
  if (!before) add(text, frequency_text(clause));
  if (first.really || clause.really_modal) add(text, "really");
  add(text, reflexive(clause, verb.rest));
  if (first.modal && clause.groups.size() == 1) add(text, "to");
  add_groups(text, clause,
             auxiliary.empty() || verb.rest.empty() || first.verb.is("be") ? Form::kFinite : Form::kPlain);
  add_times(text, clause);
  return text;
}

std::string lets(const Clause& clause) {
  std::string text = "let's";
  if (clause.subject.size() == 1 && clause.subject[0].subject_pronoun() &&
      clause.subject[0].head.pronoun->subject != "we") {
    text = "let " + std::string(clause.subject[0].head.pronoun->object);
  } else if (!clause.subject.empty()) {
    NounContext context;
    std::vector<std::string> parts;
    for (const NounPhrase& noun : clause.subject) parts.push_back(text_of(noun, context));
    text = "let " + listing(parts, clause.conjunction);
  }
  if (clause.negated) add(text, "not");
  add(text, frequency_text(clause));
  if (clause.modal) {
    if (clause.really_modal) add(text, "really");
    add(text, clause.modal->is("can") ? "be able to" : clause.modal->is("must") ? "have to" : clause.modal->text);
  }
  if (!clause.groups.empty()) {
    if (clause.groups[0].really) add(text, "really");
    add(text, reflexive(clause, clause.groups[0].verb.text));
    add_groups(text, clause, Form::kPlain);
  }
  if (clause.past && clause.future) {
    add(text, "later, like before");
  } else if (clause.past) {
    add(text, "like before");
  } else if (clause.future && !tells_tense(clause)) {
    add(text, "later");
  }
  add_times(text, clause);
  if (clause.question) text += ", shall we";
  return text;
}

std::string topic_text(const Clause& clause) {
  NounContext context;
  context.use = Use::kSubject;
  std::vector<std::string> parts;
  for (const NounPhrase& noun : clause.topic) parts.push_back(text_of(noun, context));
  return listing(parts);
}

std::string with_front(const Clause& clause, const std::string& text) {
  std::string front;
  for (const Item& item : clause.front_times) add(front, item.text);
  const std::string topic = clause.topic.empty() ? "" : topic_text(clause) + ",";
  add(front, topic);
  if (!front.empty() && !text.empty() && topic.empty() && clause.front_times.size() == 1 &&
      (clause.question || front.find(' ') != std::string::npos))
    front += ",";
  add(front, text);
  return front;
}

}  // namespace

std::string text_of(const Clause& clause) {
  std::string text;
  if (clause.lets) {
    text = lets(clause);
  } else if (!clause.groups.empty() || clause.modal) {
    text = sentence(clause);
  } else {
    text = fragment(clause);
  }
  return with_front(clause, text);
}

}  // namespace aacft
