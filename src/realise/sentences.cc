#include "realise/sentences.h"

#include <algorithm>
#include <utility>

#include "aacft/english/noun_tables.h"
#include "realise/boundaries.h"
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
        boundaries_(words_, so_far_),
        denies_(condition || std::any_of(words_.begin(), words_.end(), denies)) {}

  std::vector<Words> run() {
    for (std::size_t at = 1; at < words_.size(); ++at) {
      so_far_.note(at - 1);
      if (denies_ ? begins_denial(at) || boundaries_.begins_clause(at) : boundaries_.begins_clause_unasked(at)) {
        cut(at - times_of_next(at), {});
        if (nominative(words_[at])) words_[at].clitic = false;
        for (std::size_t i = so_far_.start; i < at; ++i) so_far_.note(i);
      } else if (denies_ && boundaries_.ends_fragment(at)) {
        cut(at, {});
      } else if (const bool second = denies_ && denies(words_[at]) && boundaries_.negates_second_verb(at);
                 second || boundaries_.takes_up_verb(at) || boundaries_.leaves_negation(at) ||
                 boundaries_.leaves_state(at)) {
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
    const bool can = std::any_of(words_.begin() + static_cast<std::ptrdiff_t>(so_far_.start),
                                 words_.begin() + static_cast<std::ptrdiff_t>(at),
                                 [](const Word& word) { return word.role == Role::kModal; });
    const bool pronoun = only_nominative(words_[at]) && (so_far_.verb == nullptr || so_far_.verb->is("be") || can);
    const bool only_can = can && words_[at - 1].role == Role::kModal && at > so_far_.start + 1;  // "you can I no"
    if (so_far_.joined || so_far_.asks || !(pronoun || (words_[at].role == Role::kNoun && words_[at].alive())) ||
        at + 1 == words_.size() || !negates(words_[at + 1]) || words_[at + 1].is("negate") || !tail(at + 2) ||
        (!only_can && !so_far_.finished(at, nullptr, true)))
      return false;
    const Word& last = words_[at - 1];
    if (last.role == Role::kVerb && !is_motion(last) && !pronoun) return false;  // "I play mum no"
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

  // What the words from `at` on have in common with those before. Nobody is told that a thing does not touch.
  Words again_before(std::size_t at, bool negated) const {
    const Word& next = words_[negated ? at + 1 : at];
    if (negated && so_far_.verb != nullptr && boundaries_.doer_named(next)) {
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
    const auto of_body = [](const Word& word) { return names(word) && !is_body_part(word); };
    const bool hurt =
        so_far_.verb != nullptr && is_hurt(*so_far_.verb) && std::none_of(again.begin(), again.end(), of_body);
    const bool rain = so_far_.verb != nullptr && is_weather(*so_far_.verb);
    const bool asleep = negated && so_far_.verb != nullptr && so_far_.verb->is("sleep") && !so_far_.negated;
    if (so_far_.only_names && words_[so_far_.start].role == Role::kNo) return {};
    if (third && (told || hurt || rain || asleep || (negated && rests(at, next)) || (!somebody && orders))) return {};
    const bool missed = !negated && so_far_.negated && so_far_.verb != nullptr &&
                        english::listed("|understand|hear|know|see|", so_far_.verb->text) &&
                        english::listed("|say|repeat|speak|tell|show|help|explain|write|wait|talk|", next.text);
    if (missed) return {};  // "I no understand say again"
    const bool asked =
        !negated && !again.empty() && again.back().role == Role::kPronoun && again.back().pronoun->person == 1 &&
        at + 1 < words_.size() &&
        (is_of_the(next) || (words_[at + 1].role == Role::kPronoun && words_[at + 1].pronoun == again.back().pronoun));
    if (asked) return {};  // "I cold close window", "I ill help me"
    return again;
  }

  // "mum ill no shout": who is ill or asleep makes no noise; others are told.
  bool rests(std::size_t at, const Word& next) const {
    static constexpr std::string_view kRest = "|ill|sick|poorly|unwell|tired|asleep|sleepy|",
                                      kLoud = "|shout|scream|yell|talk|speak|sing|laugh|play|knock|wake|wake up|touch|";
    return english::listed(kLoud, next.text) && words_[at - 1].role == Role::kAdjective &&
           english::listed(kRest, words_[at - 1].text);
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
  Boundaries boundaries_;
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
