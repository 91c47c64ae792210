#include <algorithm>

#include "aacft/english/noun_tables.h"
#include "realise/reading.h"
#include "realise/syntax.h"
#include "realise/word_kinds.h"

namespace aacft {
namespace {

using english::listed;
using Words = std::vector<Word>;

// What may be done to somebody: "mum I want" wants mum.
bool is_done_to_people(const Word& verb) {
  return listed("|want|need|like|love|hate|miss|see|hear|know|help|hug|kiss|call|phone|visit|tell|ask|remember|",
                verb.text);
}

bool is_mark(const Word& word) {
  return word.role == Role::kQuestion || word.role == Role::kInterjection || is_tense(word);
}

class Vocatives {
 public:
  explicit Vocatives(Words& words) : words_(words) {}

  void find() {
    std::size_t first = 0;
    while (role(first) == Role::kInterjection) ++first;
    std::size_t after = first;
    while (is_somebody(after)) ++after;
    if (after > first && begins_speech(first, after)) address(first, after);
    std::size_t last = words_.size();
    while (last > 0 && is_mark(words_[last - 1])) --last;
    if (last > after && last > 1 && is_somebody(last - 1) && ends_speech(last - 1)) address(last - 1, last);
  }

 private:
  Role role(std::size_t at) const { return at < words_.size() ? words_[at].role : Role::kDot; }
  bool is_somebody(std::size_t at) const {
    return role(at) == Role::kNoun && words_[at].person() && !words_[at].plural && !is_negative(words_[at]) &&
           !words_[at].has("pronoun");
  }
  bool is_proper_at(std::size_t at) const { return is_somebody(at) && is_proper(words_[at]); }
  bool speaks_of(std::size_t at) const {
    return role(at) == Role::kPronoun && nominative(words_[at]) &&
           (words_[at].pronoun->person < 3 || words_[at].is("it"));
  }
  bool any(std::size_t from, std::size_t to, bool (*is)(const Word&)) const {
    return std::any_of(words_.begin() + static_cast<std::ptrdiff_t>(from),
                       words_.begin() + static_cast<std::ptrdiff_t>(to), is);
  }

  void address(std::size_t from, std::size_t to) {
    for (; from < to; ++from) words_[from].role = Role::kVocative;
  }

  // "mum I want tea", "mum where you go", "doctor my head hurt", "please mum help me"
  bool begins_speech(std::size_t first, std::size_t after) const {
    const auto asks_nicely = [](const Word& word) { return word.is("please"); };
    std::size_t at = after;
    while (at < words_.size() && (negates(words_[at]) || role(at) == Role::kInterjection)) ++at;
    if (speaks_of(at)) return says_whole(at);
    if (at < words_.size() && words_[at].role == Role::kModal && at == after && speaks_of(at + 1))
      return at + 2 < words_.size() && !is_mark(words_[at + 2]);
    if (role(at) == Role::kWh && at == after) return any(at + 1, words_.size(), names);
    if (role(at) == Role::kPossessive && words_[at].pronoun != nullptr && words_[at].pronoun->person == 1 &&
        at == after)
      return role(at + 1) == Role::kNoun && !words_[at + 1].alive() && at + 2 < words_.size() &&
             (does(words_[at + 2]) || states(words_[at + 2]) || negates(words_[at + 2]));
    const bool does_it = role(at) == Role::kVerb && !words_[at].is("be") && !is_will(words_[at]);
    return does_it && after == first + 1 && any(0, words_.size(), asks_nicely) && !any(at, words_.size(), speaks);
  }
  static bool leads_only(const Word& word) { return negates(word) || word.role == Role::kVerb; }
  static bool speaks(const Word& word) { return only_nominative(word); }

  // The pronoun's predicate has what belongs to it; else it is done to who was named: "mum I want".
  bool says_whole(std::size_t at) const {
    std::size_t next = at + 1;
    while (next < words_.size() && (negates(words_[next]) || is_between(words_[next]) || role(next) == Role::kModal))
      ++next;
    if (next == words_.size() || is_mark(words_[next])) return next > at + 1 && role(next - 1) == Role::kModal;
    if (role(next) == Role::kVerb) {
      std::size_t end = next + 1;
      while (end < words_.size() && (is_mark(words_[end]) || negates(words_[end]) || is_between(words_[end]))) ++end;
      return end < words_.size() || !is_done_to_people(words_[next]);
    }
    return states(words_[next]) || role(next) == Role::kPreposition || role(next) == Role::kPossessive;
  }

  // "I love you mum", "help me dad", "I want tea mum", "come here mum", "I tired mum"
  bool ends_speech(std::size_t at) const {
    const Word& before = words_[at - 1];
    const auto verb = std::find_if(words_.begin(), words_.begin() + static_cast<std::ptrdiff_t>(at), does);
    const bool has_verb = verb != words_.begin() + static_cast<std::ptrdiff_t>(at);
    if (!is_proper_at(at) || at == 0) return false;
    const bool subject = any(0, at, speaks);
    if (before.role == Role::kPronoun && before.is("you")) return at > 1 && (subject || role(0) == Role::kWh);
    if (before.role == Role::kPronoun && before.clitic && before.pronoun->person == 1)
      return has_verb && !subject && verb->role == Role::kVerb && !takes_two(*verb) && verb == words_.begin();
    if (before.role == Role::kPlace) return has_verb && !subject && verb == words_.begin();
    if (before.role == Role::kVerb)  // "don't cry mum"
      return !subject && any(0, at, leads_only) &&
             listed("|cry|worry|sleep|come|sit|stand|hurry|eat|drink|get up|wake up|sit down|stand up|", before.text);
    if (before.role == Role::kAdjective) return !has_verb && speaks_of(0) && is_state_of_mind(before);
    if (before.role != Role::kNoun || before.alive() || !has_verb || verb->role != Role::kVerb) return false;
    const bool given = takes_two(*verb) && verb == words_.begin() && role(1) == Role::kPronoun;
    return given || verb->is("want") || verb->is("need");
  }

  Words& words_;
};

}  // namespace

void find_vocatives(Words& words) { Vocatives(words).find(); }

}  // namespace aacft
