#include "realise/negation.h"

#include <algorithm>

namespace aacft {
namespace {

bool acts(const Word& word) {
  return word.role == Role::kVerb || word.role == Role::kModal || word.role == Role::kLets;
}

bool is_time(const Word& noun) {
  using english::NounClass;
  return noun.noun_class == NounClass::kDay || noun.noun_class == NounClass::kMonth ||
         noun.noun_class == NounClass::kSeason || noun.noun_class == NounClass::kDayPart ||
         noun.noun_class == NounClass::kPeriod;
}

class Negations {
 public:
  explicit Negations(std::vector<Word>& words) : words_(words) {
    for (const Word& word : words_) {
      acts_ |= acts(word);
      names_somebody_ |= word.role == Role::kPronoun || word.role == Role::kThat || word.role == Role::kWh;
    }
  }

  void place() {
    drop_do();
    for (std::size_t i = 0; i < words_.size(); ++i)
      if (negates(i) && !no_more(i)) place(i);
    undouble();
  }

 private:
  bool has_role(std::size_t at, Role role) const { return at < words_.size() && words_[at].role == role; }
  bool negates(std::size_t at) const { return has_role(at, Role::kNo) || has_role(at, Role::kNot); }

  void place(std::size_t at) {
    Word& word = words_[at];
    if (contrasts_qualities(at)) {
      word.role = Role::kDegree;  // "happy, not sad"
      word.text = "not";
      return;
    }
    const bool no = word.role == Role::kNo;
    const Word* noun = noun_after(at);
    const bool common =
        noun != nullptr && noun->role == Role::kNoun && !noun->name && !has_role(at + 1, Role::kPossessive);
    if (no && common) return;
    const bool apart = contrasts(at) || (!no && leads_a_list(at));
    word.role = noun != nullptr && apart && !(acts_ && is_time(*noun)) ? Role::kNo : Role::kNot;
    word.text = common && !acts_ ? "no" : "not";
  }

  // What the negation stands before: a noun, perhaps with its owner and qualities between, "that", or an object's
  // pronoun; nullptr where something else follows.
  const Word* noun_after(std::size_t at) const {
    ++at;
    if (has_role(at, Role::kThat) || (has_role(at, Role::kPronoun) && words_[at].clitic)) return &words_[at];
    if (has_role(at, Role::kPossessive)) ++at;
    while (has_role(at, Role::kAdjective) || has_role(at, Role::kDegree)) ++at;
    return has_role(at, Role::kNoun) ? &words_[at] : nullptr;
  }

  // "tea not milk", "I want tea not milk": one thing is, another is not.
  bool contrasts(std::size_t at) const {
    if (at == 0) return false;
    const Word& one = words_[at - 1];
    if (!acts_) return one.role == Role::kNoun && !names_somebody_;
    const bool object = (one.role == Role::kNoun && !is_time(one)) || one.role == Role::kThat ||
                        (one.role == Role::kPronoun && one.clitic);
    const auto here = words_.begin() + static_cast<std::ptrdiff_t>(at);
    const auto verb = std::find_if(words_.begin(), here - 1, [](const Word& word) { return word.role == Role::kVerb; });
    if (!object || verb == here - 1 || std::any_of(here, words_.end(), acts)) return false;
    return one.role != Role::kPronoun || !takes_two(*verb);  // "give me not a book"
  }

  // "she be happy not sad"
  bool contrasts_qualities(std::size_t at) const {
    const auto does = [](const Word& word) { return word.role == Role::kVerb && !word.is("be"); };
    return at > 0 && has_role(at - 1, Role::kAdjective) && has_role(at + 1, Role::kAdjective) &&
           !has_role(at + 2, Role::kNoun) && std::none_of(words_.begin(), words_.end(), does);
  }

  // "not milk two coffee": what is counted is wanted. "not snail reason" is about both.
  bool leads_a_list(std::size_t at) const {
    return at == 0 && !acts_ && !names_somebody_ &&
           std::any_of(words_.begin(), words_.end(), [](const Word& word) { return word.role == Role::kDeterminer; });
  }

  bool no_more(std::size_t at) {
    if (!has_role(at, Role::kNo) || !has_role(at + 1, Role::kDeterminer) || !words_[at + 1].is("more") ||
        has_role(at + 2, Role::kVerb))
      return false;
    words_[at + 1].text = "no more";
    words_.erase(words_.begin() + static_cast<std::ptrdiff_t>(at));
    return true;
  }

  // "do not touch" is "don't touch".
  void drop_do() {
    const auto rules_out = [](const Word& word) {
      return word.role == Role::kModal || word.role == Role::kLets || word.role == Role::kFuture || word.is("be");
    };
    if (std::any_of(words_.begin(), words_.end(), rules_out)) return;
    for (std::size_t i = 0; i < words_.size(); ++i)
      if (has_role(i, Role::kVerb) && words_[i].is("do") && negates(i + 1) && has_role(i + 2, Role::kVerb))
        words_.erase(words_.begin() + static_cast<std::ptrdiff_t>(i));
  }

  // A second negation would take the first one back.
  void undouble() {
    if (std::none_of(words_.begin(), words_.end(), [](const Word& word) { return word.role == Role::kNot; })) return;
    for (Word& word : words_) {
      if (word.is("no more") && acts_) word.text = "any more";
      if (word.role != Role::kNo) continue;
      word.role = Role::kNot;
      if (!acts_ || word.is("not")) continue;
      word.role = Role::kDeterminer;
      word.text = "any";
      word.count = Count::kMany;
    }
  }

  std::vector<Word>& words_;
  bool acts_ = false, names_somebody_ = false;
};

}  // namespace

void place_negations(std::vector<Word>& words) { Negations(words).place(); }

}  // namespace aacft
