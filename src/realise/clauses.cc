#include "realise/clauses.h"

#include <algorithm>
#include <utility>

#include "aacft/english/noun_tables.h"
#include "realise/clause.h"
#include "realise/negation.h"
#include "realise/rendering.h"
#include "realise/sentences.h"

namespace aacft {
namespace {

using Words = std::vector<Word>;

Words::const_iterator at(const Words& words, std::size_t i) { return words.begin() + static_cast<std::ptrdiff_t>(i); }

bool is_question(const Word& word) { return word.role == Role::kQuestion; }

// "if", "because": what follows is said of another clause, and is not what a question asks.
bool is_subordinator(const std::string& conjunction) {
  return english::listed("|if|when|because|while|although|even though|before|after|until|", conjunction);
}

// Of one clause. "and" and "or" between nouns, adjectives or verbs are written by the clause's lists. Where they stand
// between other things, the clause is cut there.
std::string simple_text(const Words& words) {
  if (contrasts_first(words)) return contrast_text({words[0], words[1]}) + ", " + text_of(analyse({words[2]}));
  if (words.size() == 2 && negates(words[0]) && !words[0].is("negate") && (words[1].is("you") || words[1].is("it")))
    return contrast_text(words);
  if (words.size() >= 2 && words[0].role == Role::kWh && negates(words[1]) &&
      std::all_of(words.begin() + 2, words.end(), is_question))
    return words[0].text + " not";  // "why no"
  if (words.size() > 2 && words[0].role == Role::kWh && negates(words[1]) && words[2].role == Role::kAdjective &&
      std::none_of(words.begin(), words.end(), acts)) {  // "what no good"
    Words is = words;
    is.insert(is.begin() + 1, Word())->role = Role::kVerb;
    is[1].text = "be";
    return text_of(analyse(std::move(is)));
  }
  if (const std::size_t contrast = contrast_at(words); contrast < words.size()) {
    Words main(words.cbegin(), at(words, contrast)), rest;
    for (std::size_t i = contrast; i < words.size(); ++i) {
      const Role role = words[i].role;
      const bool of_main = role == Role::kQuestion || role == Role::kPast || role == Role::kFuture;
      (of_main ? main : rest).push_back(words[i]);
    }
    return simple_text(main) + ", " + contrast_text(std::move(rest));
  }
  std::string text = text_of(analyse(words));
  const auto joint =
      std::find_if(words.begin(), words.end(), [](const Word& word) { return word.role == Role::kConjunction; });
  if (joint == words.end() || (" " + text + " ").find(" " + joint->text + " ") != std::string::npos) return text;
  const Words before(words.begin(), joint), after(joint + 1, words.end());
  text = before.empty() ? "" : text_of(analyse(before)) + " ";
  text += joint->text;
  return after.empty() ? text : text + " " + simple_text(after);
}

// "where mum" after "I know": where mum is.
std::string asked_text(Words words, const Word* who) {
  const bool does = std::any_of(words.begin(), words.end(), acts);
  const bool named = std::any_of(words.begin(), words.end(), [](const Word& word) {
    return word.role == Role::kNoun || word.role == Role::kThat || word.role == Role::kPronoun;
  });
  if (words.size() == 1) return words[0].text;
  if (does && !named && !words[0].is("who") && who != nullptr) words.insert(words.begin() + 1, *who);
  Clause clause = analyse(std::move(words));
  clause.question = false;
  return text_of(clause);
}

// "that no what I mean", "not what I want", "that what I want"
bool is_what_it_is(const Words& words, std::size_t wh) {
  std::size_t before = wh;
  while (before > 0 && negates(words[before - 1])) --before;
  if (before > 0 && words[before - 1].is("be")) --before;
  const bool it = before == 1 && (words[0].is("it") || words[0].role == Role::kThat);
  const bool says = wh + 2 < words.size() && words[wh + 1].role == Role::kPronoun && !words[wh + 1].clitic &&
                    words[wh + 2].role == Role::kVerb;
  return words[wh].is("what") && says && (it || (before == 0 && wh > 0));
}

// The question word that tells what is known, not what is asked: "I no know where mum", "tell me why". Their number:
// there is none.
std::size_t told_at(const Words& words) {
  const auto wh = std::find_if(words.begin(), words.end(), [](const Word& word) { return word.role == Role::kWh; });
  const auto none = words.size(), i = static_cast<std::size_t>(wh - words.begin());
  if (i == 0 || i == none) return none;
  if (is_what_it_is(words, i)) return i;
  const bool somebody = words[i - 1].role == Role::kNoun || words[i - 1].role == Role::kPronoun;
  if (somebody) return i > 1 && english::listed("|tell|ask|show|", words[i - 2].text) ? i : none;
  const Word& verb = words[i - 1];
  const bool more = i + 1 < none && !is_question(words[i + 1]);
  return verb.role == Role::kVerb && (knows(verb) || (more && reports(verb))) ? i : none;
}

// "mum no come" after "I know", "mum come" after "I think": with "know", only where a negation or a tense shows that it
// is no object.
bool names_subject(const Words& words, std::size_t i, const Word& verb) {
  const auto leads = [](const Word& word) {
    return word.role == Role::kPossessive || word.role == Role::kDeterminer || word.role == Role::kThat;
  };
  while (i + 1 < words.size() && leads(words[i])) ++i;
  if (words[i].role != Role::kNoun) return false;
  bool marked = !verb.is("know") || is_negative(words[i]);
  for (++i; i < words.size(); ++i) {
    const Role role = words[i].role;
    if (negates(words[i]) || role == Role::kPast || role == Role::kFuture || words[i].is("never")) marked = true;
    else
      return (marked || role == Role::kModal) &&
             (role == Role::kVerb || role == Role::kModal || role == Role::kAdjective);
  }
  return false;
}

// "tell mum I sad": what is told, behind who is told; 0 where nothing is.
std::size_t told_clause_at(const Words& words, std::size_t verb) {
  if (words[verb].role != Role::kVerb || !words[verb].is("tell")) return 0;
  std::size_t at = verb + 1;
  while (at < words.size() && (words[at].role == Role::kPossessive || words[at].role == Role::kAdjective)) ++at;
  const bool somebody = at < words.size() && (words[at].role == Role::kNoun || words[at].role == Role::kPronoun);
  const bool says = somebody && at + 2 < words.size() && words[at + 1].role == Role::kPronoun && !words[at + 1].clitic;
  return says ? at + 1 : 0;
}

// "I think he happy": I think he is happy. What is reported is a clause of its own.
std::string reported_text(Words words) {
  if (asks_with_do(words)) {
    words[0] = Word();
    words[0].role = Role::kQuestion;
    words[1].clitic = false;
  }
  const auto cut = [&](std::size_t from) {
    std::pair<Words, Words> parts{Words(words.cbegin(), at(words, from)), Words()};
    for (std::size_t i = from; i < words.size(); ++i)
      (is_question(words[i]) ? parts.first : parts.second).push_back(words[i]);
    return parts;
  };
  if (const std::size_t wh = told_at(words); wh < words.size()) {
    auto [main, told] = cut(wh);
    if (is_what_it_is(words, wh)) {
      const bool denied = std::any_of(main.begin(), main.end(), [](const Word& word) { return negates(word); });
      const bool it = !negates(main[0]) && !main[0].is("be");
      const std::string is = it ? main[0].text + (denied ? " isn't " : " is ") : denied ? "not " : "";
      return is + asked_text(std::move(told), nullptr);
    }
    const Word* who = words[0].role == Role::kPronoun ? &words[0] : nullptr;
    return simple_text(main) + " " + asked_text(std::move(told), who);
  }
  for (std::size_t i = 0; i + 2 < words.size(); ++i) {
    const bool somebody =
        (words[i + 1].role == Role::kPronoun && !words[i + 1].absolute) || names_subject(words, i + 1, words[i]);
    const std::size_t told = told_clause_at(words, i);
    if (told == 0 && (words[i].role != Role::kVerb || !reports(words[i]) || !somebody)) continue;
    auto [main, reported] = cut(told > 0 ? told : i + 1);
    if (std::none_of(reported.begin(), reported.end(), [](const Word& word) {
          return word.role == Role::kVerb || word.role == Role::kModal || word.role == Role::kAdjective ||
                 word.role == Role::kPlace;
        }))
      break;
    reported[0].clitic = false;
    return simple_text(main) + " " + simple_text(reported);
  }
  return simple_text(words);
}

// "I tired I no go" after "if": I am tired, I don't go.
std::string condition_text(Words words) {
  std::string out;
  const std::vector<Words> parts = clauses_of(std::move(words));
  for (std::size_t i = 0; i < parts.size(); ++i) out += (i == 0 ? "" : ", ") + reported_text(parts[i]);
  return out;
}

// "mum", "my friend": what stands before the verb.
Words subject_of(const Words& words) {
  Words subject;
  for (const Word& word : words) {
    if (acts(word) || word.role == Role::kAdjective || word.role == Role::kPlace) return subject;
    const bool names = word.role == Role::kNoun || word.role == Role::kThat || word.role == Role::kPronoun;
    if (names || word.role == Role::kPossessive || word.role == Role::kDeterminer) subject.push_back(word);
  }
  return subject.size() > 8 ? Words() : subject;
}

class Clauses {
 public:
  explicit Clauses(Words words) : words_(std::move(words)) {}

  // Each side of a conjunction is a clause, where both have something to say.
  std::string text() {
    cut();
    ask();
    std::string out;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const std::string& joint = parts_[i].conjunction;
      const bool leads = i == 0 && is_subordinator(joint);
      const Words& words = parts_[i].words;
      const std::string text = words.empty() ? "" : leads ? condition_text(words) : reported_text(words);
      if (i == 0 && joint.empty()) {
        out = text;
        continue;
      }
      const bool comma = !out.empty() && english::listed("|but|although|even though|so|then|only|just|", joint);
      out += (comma ? ", " : out.empty() ? "" : " ") + joint + (text.empty() ? "" : " ") + text;
    }
    return out;
  }

 private:
  struct Part {
    std::string conjunction;
    Words words;
  };

  void cut() {
    parts_.emplace_back();
    for (std::size_t i = 0; i < words_.size(); ++i) {
      const Word& word = words_[i];
      if (word.role != Role::kConjunction || !splits(i, parts_.back().words.empty())) {
        parts_.back().words.push_back(word);
        continue;
      }
      Words again = says_again(i) ? subject_of(parts_.back().words) : Words();
      if (!parts_.back().words.empty() || !parts_.back().conjunction.empty()) parts_.emplace_back();
      parts_.back().conjunction = word.text;
      parts_.back().words = std::move(again);
    }
  }

  // A question behind "because" asks what stands before it, and one behind "but" asks both.
  void ask() {
    if (parts_.size() < 2 || parts_.back().words.empty() || !is_question(parts_.back().words.back())) return;
    const Word question = parts_.back().words.back();
    if (std::any_of(parts_.back().words.begin(), parts_.back().words.end(),
                    [](const Word& word) { return word.role == Role::kWh; }))
      return;
    std::size_t main = parts_.size() - 1;
    while (main > 0 && is_subordinator(parts_[main].conjunction)) --main;
    if (main + 1 < parts_.size()) {
      parts_.back().words.pop_back();
      parts_[main].words.push_back(question);
    }
    for (std::size_t i = 0; i < main; ++i)
      if (!is_subordinator(parts_[i].conjunction) && !is_of_speaker(parts_[i].words))
        parts_[i].words.push_back(question);
  }

  // "I like tea and mum no like tea": who does not is not among what is liked.
  bool negated_after(std::size_t i) const {
    const auto is_alive = [&](std::size_t at) { return words_[at].role == Role::kNoun && words_[at].alive(); };
    const bool negated = i + 3 < words_.size() && negates(words_[i + 2]);
    if (!negated || words_[i + 3].role != Role::kVerb || !is_alive(i + 1)) return false;
    return words_[i - 1].role == Role::kNoun && !is_alive(i - 1) && acts_before(i);
  }

  bool acts_before(std::size_t i) const {
    return std::any_of(words_.begin(), at(words_, i), [](const Word& word) { return word.role == Role::kVerb; });
  }

  // "I eat apple and no drink tea", "he eat then sleep": who does it is said again, but not what it is that rains.
  bool says_again(std::size_t i) const {
    const bool next = (words_[i].is("so") || words_[i].is("then")) && i + 1 < words_.size() && acts(words_[i + 1]);
    if (next) return parts_.back().words.empty() || !parts_.back().words[0].is("it");
    return negates_verb(i) && !is_subordinator(words_[i].text);
  }

  // "I eat apple and no drink tea"
  bool negates_verb(std::size_t i) const {
    return i + 2 < words_.size() && negates(words_[i + 1]) && words_[i + 2].role == Role::kVerb && acts_before(i);
  }

  // "and" and "or" join nouns, unless a new subject and its verb follow.
  bool splits(std::size_t i, bool first) const {
    const Word& word = words_[i];
    if (!word.is("and") && !word.is("or")) return true;
    if (first || i + 1 == words_.size()) return true;
    if (negated_after(i) || negates_verb(i)) return true;
    if (words_[i + 1].role != Role::kPronoun || words_[i + 1].clitic) return false;
    bool verb_before = false, verb_after = false;
    for (std::size_t j = 0; j < words_.size(); ++j)
      if (words_[j].role == Role::kVerb || words_[j].role == Role::kModal) (j < i ? verb_before : verb_after) = true;
    return verb_before && verb_after;
  }

  Words words_;
  std::vector<Part> parts_;
};

}  // namespace

bool asks_with_do(const Words& words) {
  if (words.size() < 3 || words[0].role != Role::kVerb || !words[0].is("do") || words[1].role != Role::kPronoun)
    return false;
  bool act = false;
  for (std::size_t i = 2; i < words.size(); ++i) {
    if (words[i].role == Role::kModal || words[i].role == Role::kFuture || words[i].role == Role::kLets) return false;
    act |= words[i].role == Role::kVerb && !words[i].is("be") && !words[i].is("do");
  }
  return act;
}

bool is_of_speaker(const Words& words) {
  for (const Word& word : words) {
    if (word.role == Role::kModal) return false;
    if (word.role == Role::kPronoun) return word.pronoun->person == 1;
    if (word.role == Role::kVerb || word.role == Role::kAdjective) break;
  }
  return std::none_of(words.begin(), words.end(), [](const Word& word) {
    return word.role == Role::kNoun || word.role == Role::kThat || word.role == Role::kPronoun;
  });
}

bool asks(const Words& words) {
  const bool wh = std::any_of(words.begin(), words.end(), [](const Word& word) { return word.role == Role::kWh; });
  return (wh && told_at(words) == words.size()) || asks_with_do(words) ||
         std::any_of(words.begin(), words.end(), is_question);
}

std::string clauses_text(Words words) { return Clauses(std::move(words)).text(); }

}  // namespace aacft
