#include "realise/sentences.h"

#include <algorithm>
#include <utility>

#include "realise/so_far.h"
#include "realise/syntax.h"
#include "realise/word_kinds.h"

namespace aacft {
namespace {

using Words = std::vector<Word>;

// A list of subjects as long as a page is not said again with each verb.
constexpr std::size_t kMostSaidAgain = 8;

// The words since the last cut, and what comes after them.
class Cutter {
 public:
  Cutter(Words words, bool condition)
      : words_(std::move(words)),
        so_far_(words_, condition),
        denies_(condition || std::any_of(words_.begin(), words_.end(), denies)) {}

  std::vector<Words> run() {
    for (std::size_t at = 1; at < words_.size(); ++at) {
      so_far_.note(at - 1);
      if (denies_ ? begins_clause(at) || begins_denial(at)
                  : so_far_.somebody && nominative(words_[at]) && begins_clause(at)) {
        cut(at - times_of_next(at), {});
        if (nominative(words_[at])) words_[at].clitic = false;
        for (std::size_t i = so_far_.start; i < at; ++i) so_far_.note(i);
      } else if (denies_ && ends_fragment(at)) {
        cut(at, {});
      } else if (const bool second = denies_ && denies(words_[at]) && negates_second_verb(at);
                 second || takes_up_verb(at) || leaves_negation(at)) {
        Words again = again_before(at, second);
        if (again.size() <= kMostSaidAgain) cut(at, std::move(again));
      }
    }
    current_.insert(current_.end(), words_.begin() + static_cast<std::ptrdiff_t>(so_far_.start), words_.end());
    sentences_.push_back(std::move(current_));
    return std::move(sentences_);
  }

 private:
  void cut(std::size_t at, Words again) {
    current_.insert(current_.end(), words_.begin() + static_cast<std::ptrdiff_t>(so_far_.start),
                    words_.begin() + static_cast<std::ptrdiff_t>(at));
    sentences_.push_back(std::exchange(current_, std::move(again)));
    so_far_.restart(at);
  }

  // "I like tea mum no": mum doesn't like it. What she does not do is said again.
  bool begins_denial(std::size_t at) {
    const auto tail = [&](std::size_t i) {
      return i == words_.size() || words_[i].role == Role::kQuestion || words_[i].role == Role::kInterjection;
    };
    if (so_far_.joined || so_far_.asks || words_[at].role != Role::kNoun || !words_[at].alive() ||
        at + 1 == words_.size() || !negates(words_[at + 1]) || words_[at + 1].is("negate") || !tail(at + 2) ||
        !so_far_.finished(at, nullptr, true))
      return false;
    const Word& last = words_[at - 1];
    if (last.role == Role::kVerb && !is_motion(last)) return false;  // "I play mum no"
    Words said;
    for (std::size_t i = so_far_.start; i < at; ++i)
      if ((!said.empty() || acts(words_[i]) || states(words_[i])) && !denies(words_[i])) said.push_back(words_[i]);
    if (so_far_.negated || said.size() > kMostSaidAgain) return false;
    if (so_far_.verb != nullptr && (so_far_.verb->is("ask") || so_far_.verb->is("tell"))) {
      said.assign(1, *so_far_.verb);
      said[0].text = "say";
      said[0].entry = nullptr;
      words_[at + 1].role = Role::kManner;
      words_[at + 1].text = "no";
      words_.insert(words_.begin() + static_cast<std::ptrdiff_t>(at) + 1, said.begin(), said.end());
    } else {
      words_.insert(words_.begin() + static_cast<std::ptrdiff_t>(at) + 2, said.begin(), said.end());
    }
    return true;
  }

  bool doer_named(const Word& next) const {
    return names_a_doer(*so_far_.verb) && !repeats(*so_far_.verb, next) && !wants(next);
  }

  // "my friend", which ends before `at`.
  Words object_before(std::size_t at) const {
    std::size_t first = at - 1;
    if (!names(words_[first])) return {};
    while (first > so_far_.start && (leads_noun(words_[first - 1]) || words_[first - 1].role == Role::kAdjective))
      --first;
    Words object(words_.begin() + static_cast<std::ptrdiff_t>(first), words_.begin() + static_cast<std::ptrdiff_t>(at));
    if (object.back().role == Role::kPronoun) object.back().clitic = false;
    return object;
  }

  bool begins_clause(std::size_t at) const {
    bool negated = false;
    if (nominative(words_[at])) {
      const Word* next = so_far_.predicate(at + 1, negated);
      const bool is = so_far_.is && at + 1 < words_.size() && (leads_noun(words_[at + 1]) || words_[at + 1].absolute);
      return (next != nullptr || negated || is) &&
             so_far_.finished(at, next, object_too(words_[at]), words_[at].alive());
    }
    if (words_[at].role == Role::kThat && so_far_.is && at + 1 < words_.size() &&
        (leads_noun(words_[at + 1]) || words_[at + 1].absolute))
      return so_far_.finished(at, nullptr, true);
    std::size_t noun = at;
    while (noun < words_.size() && (leads_noun(words_[noun]) || so_far_.points(noun))) ++noun;
    if (noun > at)
      while (noun < words_.size() && words_[noun].role == Role::kAdjective) ++noun;
    if (noun == words_.size() || !names(words_[noun])) return false;
    while (noun + 2 < words_.size() && words_[noun + 1].is("and") && names(words_[noun + 2])) noun += 2;
    const Word* next = so_far_.predicate(noun + 1, negated);
    if (next == nullptr || !can_be(words_[noun], *next, negated, at)) return false;
    const bool takes_object = next + 1 != words_.data() + words_.size() && names(next[1]) && !nominative(next[1]);
    return so_far_.finished(at, takes_object ? nullptr : next, true, words_[noun].alive());
  }

  // "arm no hurt", "bus no come", "bed no good", but not "school no like". Without a negation, only who acts.
  bool can_be(const Word& noun, const Word& said, bool negated, std::size_t at) const {
    if (noun.role == Role::kNoun && is_time_noun(noun)) return false;
    if (noun.role == Role::kThat && said.is("be")) return true;
    if (repeats(words_[at - 1], said) && (is_body_part(noun) || is_intransitive(said))) return true;
    if (noun.role == Role::kPronoun) return negated;
    if (is_negative(noun)) return true;
    if (noun.alive()) return true;
    if (is_motion(words_[at - 1]) && words_[at - 1].role == Role::kVerb) return false;
    if (states(said)) return (negated || said.text == words_[at - 1].text) && !is_state_of_mind(said);
    return negated && (said.role == Role::kModal || is_intransitive(said));
  }

  // "I can swim no run", "I tired no want sleep", but not "I want no go" or "I like dog no bark".
  bool negates_second_verb(std::size_t at) const {
    const Word* next = at + 1 < words_.size() ? &words_[at + 1] : nullptr;
    if (!so_far_.says || so_far_.open || so_far_.asks || so_far_.joined || next == nullptr || !does(*next))
      return false;
    std::size_t before = at - 1;
    while (before > so_far_.start && is_tense(words_[before])) --before;
    const Word& last = words_[before];
    if (negates(last) || last.role == Role::kPreposition || leads_noun(last)) return false;
    if (does(last)) return !governs(last);
    std::size_t noun = before;
    while (noun > so_far_.start && (leads_noun(words_[noun - 1]) || so_far_.points(noun - 1))) --noun;
    const bool reported = noun > so_far_.start && words_[noun - 1].role == Role::kVerb && reports(words_[noun - 1]);
    if (reported || (nominative(last) && !object_too(last))) return false;  // "I think he no want tea"
    if (before > so_far_.start && words_[before - 1].role == Role::kPreposition) return true;
    if (names(last) && so_far_.verb == nullptr) return false;  // "tired mum no want tea"
    if (names(last) && doer_named(*next)) return true;
    if (last.role == Role::kPronoun && last.pronoun->person == 1 && !takes_bare(*so_far_.verb) &&
        !takes_to(*so_far_.verb))
      return true;  // "he hit me no stop"
    if (names(last)) return !last.alive() || wants(*next) || repeats(*so_far_.verb, *next);
    return so_far_.verb != nullptr || so_far_.subject || wants(*next);
  }

  // "no pain no hurt"
  bool ends_fragment(std::size_t at) const {
    return so_far_.only_names && negates(words_[so_far_.start]) && negates(words_[at]) &&
           words_[at - 1].role == Role::kNoun && !words_[at - 1].alive() && at + 1 < words_.size() &&
           does(words_[at + 1]);
  }

  // "baby no sleep cry", "talker no work help me": only the first verb is negated.
  bool leaves_negation(std::size_t at) const {
    if (!so_far_.says || so_far_.open || so_far_.asks || so_far_.joined || !so_far_.negated || !denies_ ||
        so_far_.verb == nullptr)
      return false;
    if (words_[at].role != Role::kVerb || words_[at].is("be") || so_far_.verb == &words_[at]) return false;
    if (governs(*so_far_.verb) || is_motion(*so_far_.verb) || takes_gerund(*so_far_.verb) ||
        takes_bare(*so_far_.verb) || so_far_.verb <= &words_[so_far_.start])
      return false;
    if (!negates(so_far_.verb[-1]) || so_far_.verb[-1].is("negate") || negates(words_[at - 1])) return false;
    for (std::size_t i = so_far_.start; i < at; ++i)
      if (words_[i].role == Role::kModal || words_[i].role == Role::kLets) return false;
    if (wants(words_[at]) && !(at + 1 < words_.size() && names(words_[at + 1]))) return false;
    const Word& last = words_[at - 1];
    if (last.role == Role::kPronoun) return last.clitic && last.pronoun->person == 1;
    return &last == so_far_.verb || (last.role == Role::kNoun && !last.alive()) || last.is("it") ||
           last.role == Role::kPlace;
  }

  // Times and tenses before a subject are its own, where the clause before has some: "today I no go tomorrow I go".
  std::size_t times_of_next(std::size_t at) const {
    const Word& last = words_[at - 1];
    const auto count = [&](auto is) {
      return std::count_if(words_.begin() + static_cast<std::ptrdiff_t>(so_far_.start),
                           words_.begin() + static_cast<std::ptrdiff_t>(at), is);
    };
    const bool past = count([](const Word& word) { return word.role == Role::kPast; }) > 0;
    const bool time =
        last.role == Role::kTime &&
        (count([](const Word& word) { return word.role == Role::kTime; }) > 1 || (past && last.is("now")));
    return time || (is_tense(last) && count(is_tense) > 1) ? 1 : 0;
  }

  // "I no want milk want water"
  bool takes_up_verb(std::size_t at) const {
    if (!so_far_.says || so_far_.open || so_far_.asks || so_far_.joined || !so_far_.negated) return false;
    const bool can = words_[at].role == Role::kModal && words_[so_far_.start].role != Role::kModal &&
                     std::any_of(words_.begin() + static_cast<std::ptrdiff_t>(so_far_.start),
                                 words_.begin() + static_cast<std::ptrdiff_t>(at), [&](const Word& word) {
                                   return word.role == Role::kModal && word.is(words_[at].text);
                                 });
    if (can && negates(words_[at - 1])) return false;
    if (can) return at + 1 < words_.size() && words_[at + 1].role == Role::kVerb;
    if (so_far_.verb == nullptr || !repeats(*so_far_.verb, words_[at]) || at + 1 == words_.size()) return false;
    const bool place = words_[at + 1].role == Role::kPlace;
    if (wants(*so_far_.verb) && words_[at - 1].role == Role::kNoun && words_[at + 1].role == Role::kVerb) return true;
    return (words_[at - 1].role == Role::kNoun || (place && words_[at - 1].role == Role::kPlace)) &&
           ((names(words_[at + 1]) && !nominative(words_[at + 1])) || place);
  }

  // What the words from `at` on have in common with those before. Nobody is told that a thing does not touch.
  Words again_before(std::size_t at, bool negated) const {
    const Word& next = words_[negated ? at + 1 : at];
    if (negated && so_far_.verb != nullptr && doer_named(next)) {
      if (Words object = object_before(at); !object.empty()) return object;
    }
    Words again = said_again(at, next);
    const bool third = std::any_of(again.begin(), again.end(), names) &&
                       std::none_of(again.begin(), again.end(), [](const Word& word) {
                         return acts(word) || (word.role == Role::kPronoun && word.pronoun->person < 3);
                       });
    const bool somebody = std::any_of(again.begin(), again.end(), [](const Word& word) {
      return word.alive() || (word.role == Role::kPronoun && !word.is("it"));
    });
    const bool told = negated && words_[at].is("don't");
    const bool orders = !is_intransitive(next) && !is_state(next) && !next.is("stop") && !next.is("start");
    if (third && (told || (!somebody && orders))) return {};
    return again;
  }

  // The subject, and "can", "want" or the tense that the second verb has in common with the first.
  Words said_again(std::size_t at, const Word& next) const {
    Words again;
    const bool ordinary = next.role == Role::kVerb && !wants(next);
    bool subject = true, shared = true;
    const auto see = [&](const Word& word) {
      const bool leads = word.role == Role::kModal || word.role == Role::kLets || wants(word);
      subject = subject && !acts(word) && !states(word);
      shared = shared && (leads || !(acts(word) || states(word)));
      const bool again_too = leads ? shared && ordinary : subject && (leads_noun(word) || names(word));
      if (is_tense(word) || again_too) again.push_back(word);
    };
    for (const Word& word : current_) see(word);
    for (std::size_t i = so_far_.start; i < at; ++i) see(words_[i]);
    return again;
  }

  Words words_, current_;
  std::vector<Words> sentences_;
  SoFar so_far_;
  bool denies_;
};

}  // namespace

std::vector<Words> sentences_of(Words words) { return Cutter(std::move(words), false).run(); }

std::vector<Words> clauses_of(Words words) { return Cutter(std::move(words), true).run(); }

void join_by_when(Words& words) {
  const auto when = std::find_if(words.begin(), words.end(),
                                 [](const Word& word) { return word.role == Role::kWh && word.is("when"); });
  if (when == words.end() || words.back().role == Role::kQuestion || words.front().role == Role::kQuestion) return;
  const auto says = [](auto from, auto to) {
    const bool named = std::any_of(from, to, names);
    return named && std::any_of(from, to, [](const Word& word) { return acts(word) || states(word); });
  };
  const bool joins = when == words.begin() ? clauses_of(Words(when + 1, words.end())).size() > 1
                                           : says(words.begin(), when) && says(when + 1, words.end());
  if (joins) when->role = Role::kConjunction;
}

}  // namespace aacft
