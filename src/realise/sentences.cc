#include "realise/sentences.h"

#include <algorithm>
#include <utility>

#include "realise/syntax.h"

namespace aacft {
namespace {

using Words = std::vector<Word>;

bool negates(const Word& word) { return word.role == Role::kNo || word.role == Role::kNot; }
bool is_tense(const Word& word) { return word.role == Role::kPast || word.role == Role::kFuture; }

// What may stand between a subject and its verb.
bool is_between(const Word& word) {
  return is_tense(word) || word.role == Role::kFrequency || word.role == Role::kDegree || word.role == Role::kTime;
}

// "you" and "it" are subjects and objects, whichever of them was looked up.
bool object_too(const Word& word) { return word.is("you") || word.is("it"); }
bool nominative(const Word& word) {
  return word.role == Role::kPronoun && !word.absolute && (!word.clitic || object_too(word));
}

// "dog", "that", "him": a subject where a negation and a verb follow.
bool names(const Word& word) {
  return word.role == Role::kNoun || word.role == Role::kThat || (word.role == Role::kPronoun && !word.absolute);
}

bool leads_noun(const Word& word) { return word.role == Role::kPossessive || word.role == Role::kDeterminer; }
bool states(const Word& word) { return word.role == Role::kAdjective || word.role == Role::kPlace; }
bool acts(const Word& word) { return word.role == Role::kVerb || word.role == Role::kModal; }

// "want no go", "try no cry", "do no touch": the verb after the negation belongs to this one.
bool governs(const Word& verb) {
  return verb.role == Role::kModal || verb.is("be") || verb.is("do") || wants(verb) || takes_to(verb) ||
         takes_gerund(verb) || takes_bare(verb) || reports(verb);
}

bool repeats(const Word& one, const Word& other) {
  return one.role == Role::kVerb && other.role == Role::kVerb && one.text == other.text;
}

// A list of subjects as long as a page is not said again with each verb.
constexpr std::size_t kMostSaidAgain = 8;

// The words since the last cut, and what comes after them.
class Cutter {
 public:
  explicit Cutter(Words words) : words_(std::move(words)) {}

  std::vector<Words> run() {
    std::size_t at = 1;
    for (; at < words_.size(); ++at) {
      note(at - 1);
      if (begins_clause(at)) {
        cut(at, {});
        if (nominative(words_[at])) words_[at].clitic = false;
      } else if (const bool second = negates(words_[at]) && negates_second_verb(at); second || takes_up_verb(at)) {
        Words again = said_again(at, words_[second ? at + 1 : at]);
        if (again.size() <= kMostSaidAgain) cut(at, std::move(again));
      }
    }
    current_.insert(current_.end(), words_.begin() + static_cast<std::ptrdiff_t>(start_), words_.end());
    sentences_.push_back(std::move(current_));
    return std::move(sentences_);
  }

 private:
  // What the words up to here have said, so that looking back costs nothing.
  void note(std::size_t at) {
    const Word& word = words_[at];
    const bool first = at == start_;
    if (word.role == Role::kVerb && !word.is("be") && !word.is("do")) says_ = true;
    if (states(word) && (subject_ || is_state_of_mind(word)) && !attributive(at)) says_ = true;
    if (first) is_ = nominative(word);
    if (is_ && !joined_ && word.role == Role::kNoun && leads_noun(words_[at - 1])) says_ = true;  // "he my friend"
    subject_ |= names(word);
    negated_ |= negates(word);
    if (word.role == Role::kVerb && verb_ == nullptr) {
      verb_ = &word;
      verb_negated_ = negated_;
    }
    open_ |= word.role == Role::kWh && (!first || word.is("when"));
    open_ |= word.role == Role::kConjunction && first;
    asks_ |= word.role == Role::kWh || word.role == Role::kQuestion;
    joined_ |= word.role == Role::kConjunction;
  }

  // "like big dog": no predicate.
  bool attributive(std::size_t at) const {
    if (words_[at].role != Role::kAdjective) return false;
    const bool after_verb = at > start_ && words_[at - 1].role == Role::kVerb && !words_[at - 1].is("be");
    return after_verb || (at > start_ && leads_noun(words_[at - 1]));
  }

  void cut(std::size_t at, Words again) {
    current_.insert(current_.end(), words_.begin() + static_cast<std::ptrdiff_t>(start_),
                    words_.begin() + static_cast<std::ptrdiff_t>(at));
    sentences_.push_back(std::exchange(current_, std::move(again)));
    start_ = at;
    says_ = is_ = subject_ = open_ = asks_ = joined_ = negated_ = verb_negated_ = false;
    verb_ = nullptr;
  }

  const Word* word_at(std::size_t at) const { return at < words_.size() ? &words_[at] : nullptr; }

  // The verb or state of a subject that ends before `at`; nullptr: none. `negated`: behind a negation.
  const Word* predicate(std::size_t at, bool& negated) const {
    negated = false;
    for (; at < words_.size() && (negates(words_[at]) || is_between(words_[at])); ++at) negated |= negates(words_[at]);
    const Word* word = word_at(at);
    return word != nullptr && (acts(*word) || states(*word)) ? word : nullptr;
  }

  // Is what was said before `at` whole, where `next` is the predicate of what would come?
  bool finished(std::size_t at, const Word* next, bool object) const {
    if (!says_ || open_) return false;
    const Word& last = words_[at - 1];
    if (last.role == Role::kConjunction || last.role == Role::kPreposition || last.role == Role::kWh ||
        last.role == Role::kModal || leads_noun(last) || (states(last) && attributive(at - 1)))
      return false;
    if (object && last.role == Role::kPlace && is_place_preposition(last.text)) return false;
    if (last.role != Role::kVerb) return !object || subject_ || !states(last);  // "happy dog no come"
    if (last.is("be") || last.is("do") || reports(last)) return false;
    if (next != nullptr && repeats(last, *next) && !(object && wants(last))) return true;  // "leg hurt arm no hurt"
    return object ? is_intransitive(last) : !wants(last) && !takes_bare(last);
  }

  bool begins_clause(std::size_t at) const {
    bool negated = false;
    if (nominative(words_[at])) {
      const Word* next = predicate(at + 1, negated);
      const bool is = is_ && at + 1 < words_.size() && leads_noun(words_[at + 1]);
      return (next != nullptr || negated || is) && finished(at, next, object_too(words_[at]));
    }
    std::size_t noun = at;
    while (noun < words_.size() && leads_noun(words_[noun])) ++noun;
    if (noun > at)
      while (noun < words_.size() && words_[noun].role == Role::kAdjective) ++noun;
    if (noun == words_.size() || !names(words_[noun])) return false;
    while (noun + 2 < words_.size() && words_[noun + 1].is("and") && names(words_[noun + 2])) noun += 2;
    const Word* next = predicate(noun + 1, negated);
    if (next == nullptr || !can_be(words_[noun], *next, negated, at)) return false;
    const bool takes_object = next + 1 != words_.data() + words_.size() && names(next[1]) && !nominative(next[1]);
    return finished(at, takes_object ? nullptr : next, true);
  }

  // "arm no hurt", "bus no come", "bed no good", but not "school no like". Without a negation, only who acts.
  bool can_be(const Word& noun, const Word& said, bool negated, std::size_t at) const {
    if (repeats(words_[at - 1], said) && (is_body_part(noun) || is_intransitive(said))) return true;
    if (noun.role == Role::kPronoun) return negated;
    if (noun.alive()) return true;
    if (is_motion(words_[at - 1]) && words_[at - 1].role == Role::kVerb) return false;
    if (states(said)) return (negated || said.text == words_[at - 1].text) && !is_state_of_mind(said);
    return negated && (said.role == Role::kModal || is_intransitive(said));
  }

  // "I can swim no run", "I tired no want sleep", but not "I want no go" or "I like dog no bark".
  bool negates_second_verb(std::size_t at) const {
    const Word* next = word_at(at + 1);
    if (!says_ || open_ || asks_ || joined_ || next == nullptr || !acts(*next)) return false;
    const Word& last = words_[at - 1];
    if (negates(last) || last.role == Role::kPreposition || leads_noun(last)) return false;
    if (acts(last)) return !governs(last);
    const bool reported = at > start_ + 1 && words_[at - 2].role == Role::kVerb && reports(words_[at - 2]);
    if (reported || (nominative(last) && !object_too(last))) return false;  // "I think he no want tea"
    if (names(last) && verb_ == nullptr) return false;                      // "tired mum no want tea"
    if (names(last)) return !last.alive() || wants(*next) || repeats(*verb_, *next);
    return verb_ != nullptr || subject_ || wants(*next);
  }

  // "I no want milk want water"
  bool takes_up_verb(std::size_t at) const {
    if (!says_ || open_ || asks_ || joined_ || !verb_negated_ || !repeats(*verb_, words_[at])) return false;
    return words_[at - 1].role == Role::kNoun && at + 1 < words_.size() && names(words_[at + 1]) &&
           !nominative(words_[at + 1]);
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
    for (std::size_t i = start_; i < at; ++i) see(words_[i]);
    return again;
  }

  Words words_, current_;
  std::vector<Words> sentences_;
  std::size_t start_ = 0;
  bool says_ = false, is_ = false, subject_ = false, open_ = false, asks_ = false, joined_ = false;
  const Word* verb_ = nullptr;  // the first
  bool negated_ = false, verb_negated_ = false;
};

}  // namespace

std::vector<Words> sentences_of(Words words) {
  if (std::none_of(words.begin(), words.end(), negates)) return {std::move(words)};
  return Cutter(std::move(words)).run();
}

}  // namespace aacft
