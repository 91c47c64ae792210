#include "realise/pieces.h"

#include <algorithm>
#include <utility>

#include "aacft/english/noun_tables.h"
#include "realise/finite.h"

namespace aacft {
namespace {

using english::listed;

// "head hurt": my head hurts.
bool hurts(const Clause& clause) {
  if (clause.groups.empty()) return false;
  const Group& first = clause.groups[0];
  if (listed("|hurt|ache|itch|bleed|feel|", first.verb.text)) return true;
  return first.verb.is("be") && !first.after.empty() && first.after[0].kind == ItemKind::kAdjective;
}

std::string_view subject_default(const Clause& clause) {
  const Agreement who = agreement_of(clause);
  if (who.plural) return who.person == 1 ? "we" : who.person == 2 ? "you" : "they";
  return !clause.subject.empty() && clause.subject[0].head.person() ? "they" : "it";
}

}  // namespace

void add(std::string& text, std::string_view word) {
  if (word.empty()) return;
  if (!text.empty()) text += ' ';
  text += word;
}

const Pronoun* subject_pronoun(const Clause& clause) {
  return clause.subject.size() == 1 && clause.subject[0].pronoun() && !clause.subject[0].head.absolute
             ? clause.subject[0].head.pronoun
             : nullptr;
}

// Whose hands are washed.
const Pronoun& owner(const Clause& clause) {
  const Pronoun* who = subject_pronoun(clause);
  return who != nullptr ? *who : *pronoun_of(clause.imperative ? "you" : clause.lets ? "we" : subject_default(clause));
}

std::string subject_text(const Clause& clause) {
  NounContext context;
  context.use = Use::kSubject;
  context.many = clause.subject.size() == 1 && those(clause);
  std::vector<std::string> parts;
  for (NounPhrase noun : clause.subject) {
    if (is_body_part(noun.head) && noun.bare() && hurts(clause)) noun.possessor = pronoun_of("I");
    parts.push_back(text_of(noun, context));
  }
  return listing(parts, clause.conjunction);
}

// "dry one's hands", "dress oneself", "brush teeth".
std::string reflexive(const Clause& clause, std::string text) {
  const Pronoun& pronoun = owner(clause);
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

std::string frequency_text(const Clause& clause) {
  std::string text;
  for (const Item& item : clause.frequencies) add(text, item.text);
  return text;
}

bool tells_tense(const Clause& clause) {
  const auto tells = [](const Item& time) { return time.word.tense != 0; };
  return std::any_of(clause.end_times.begin(), clause.end_times.end(), tells) ||
         std::any_of(clause.front_times.begin(), clause.front_times.end(), tells);
}

void add_times(std::string& text, const Clause& clause) {
  const bool timeless =
      clause.modal && clause.future && !listed("|can|must|will|would|shall|", clause.modal->text) && !clause.lets;
  if (timeless && !tells_tense(clause)) add(text, "in the future");
  for (const Item& item : clause.end_times) add(text, item.text);
}

std::string wh_text(const Clause& clause) {
  if (!clause.wh) return {};
  if (!clause.wh->has_noun) return clause.wh->word.text;
  NounPhrase noun = clause.wh->noun;
  const bool many = clause.wh->word.is("how many");
  std::string head = many ? plural_form(noun.head) : noun.head.text;
  std::string text = clause.wh->word.text;
  for (const std::string& adjective : noun.adjectives) add(text, adjective);
  add(text, head);
  return text;
}

}  // namespace aacft
