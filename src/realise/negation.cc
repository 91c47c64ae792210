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
    for (std::size_t i = 0; i < words_.size(); ++i) {
      Word& word = words_[i];
      if (word.role == Role::kNo) {
        if (no_more(i)) continue;
        const Word* noun = noun_after(i);
        if (noun != nullptr && noun->role == Role::kNoun && !noun->name) continue;
        word.role = noun != nullptr && contrasts(i) ? Role::kNo : Role::kNot;
        word.text = "not";
      } else if (word.role == Role::kNot && (contrasts(i) || leads_a_list(i))) {
        const Word* noun = noun_after(i);
        if (noun == nullptr || (acts_ && is_time(*noun))) continue;
        word.role = Role::kNo;
        word.text = acts_ || noun->name || noun->role == Role::kPronoun ? "not" : "no";
      }
    }
    undouble();
  }

 private:
  // The noun that the negation stands before, perhaps with qualities between, or an object's pronoun; nullptr where
  // something else follows.
  const Word* noun_after(std::size_t at) const {
    if (at + 1 < words_.size() && words_[at + 1].role == Role::kPronoun && words_[at + 1].clitic)
      return &words_[at + 1];
    for (++at; at < words_.size() && (words_[at].role == Role::kAdjective || words_[at].role == Role::kDegree);) ++at;
    return at < words_.size() && words_[at].role == Role::kNoun ? &words_[at] : nullptr;
  }

  // "tea not milk", "I want tea not milk": one thing is, another is not.
  bool contrasts(std::size_t at) const {
    if (at == 0) return false;
    const Word& one = words_[at - 1];
    if (!acts_) return one.role == Role::kNoun && !names_somebody_;
    if (is_time(one) || !(one.role == Role::kNoun || (one.role == Role::kPronoun && one.clitic))) return false;
    const auto here = words_.begin() + static_cast<std::ptrdiff_t>(at);
    const auto verb = std::find_if(words_.begin(), here - 1, [](const Word& word) { return word.role == Role::kVerb; });
    const bool given_to =
        one.role == Role::kPronoun && verb != words_.end() && takes_two(*verb);  // "give me not a book"
    return verb != here - 1 && !given_to && std::none_of(here, words_.end(), acts);
  }

  // "not milk two coffee": what is counted is wanted. "not snail reason" is about both.
  bool leads_a_list(std::size_t at) const {
    return at == 0 && !acts_ && !names_somebody_ && std::any_of(words_.begin() + 1, words_.end(), [](const Word& word) {
             return word.role == Role::kDeterminer;
           });
  }

  bool no_more(std::size_t at) {
    if (at + 1 == words_.size() || words_[at + 1].role != Role::kDeterminer || !words_[at + 1].is("more")) return false;
    words_[at + 1].text = "no more";
    words_.erase(words_.begin() + static_cast<std::ptrdiff_t>(at));
    return true;
  }

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
