#include "realise/negation.h"

#include <algorithm>

#include "aacft/english/noun_tables.h"
#include "realise/clause.h"
#include "realise/rendering.h"
#include "realise/syntax.h"

namespace aacft {
namespace {

// The icon that negates a whole sentence, wherever it is tapped.
bool is_grammar(const Word& negation) { return negation.is("negate"); }

// "I don't want him to go" is what "I want him no go" means; "I don't try to cry" is not "I try no cry".
bool takes_over(const Word& verb) {
  return verb.role == Role::kModal || verb.is("be") || verb.is("do") || verb.is("have") || verb.is("want") ||
         verb.is("need") || verb.is("like") || verb.is("would like") || verb.is("go");
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
      if ((negates(i) || words_[i].is("never")) && !no_more(i) && !negates_later_verb(i) && negates(i)) place(i);
    undouble();
  }

 private:
  bool has_role(std::size_t at, Role role) const { return at < words_.size() && words_[at].role == role; }
  bool negates(std::size_t at) const { return has_role(at, Role::kNo) || has_role(at, Role::kNot); }

  void place(std::size_t at) {
    Word& word = words_[at];
    if (is_said(at)) {
      word.role = Role::kManner;
      word.text = "no";
      return;
    }
    if (contrasts_qualities(at)) {
      word.role = Role::kDegree;  // "happy, not sad"
      word.text = "not";
      return;
    }
    const bool no = word.role == Role::kNo;
    const Word* noun = noun_after(at);
    const bool common =
        noun != nullptr && noun->role == Role::kNoun && !is_proper(*noun) && !has_role(at + 1, Role::kPossessive);
    if (no && common) return;
    const bool apart = contrasts(at) || ((!no || has_role(at + 1, Role::kThat)) && at == 0 &&
                                         leads_a_list(at, has_role(at + 1, Role::kThat)));
    word.role = noun != nullptr && apart && !(acts_ && is_time(*noun)) ? Role::kNo : Role::kNot;
    word.text = common && !acts_ ? "no" : "not";
  }

  // "try no cry", "I see mum no go": the verb after it is not done; what stands before it is.
  bool negates_later_verb(std::size_t at) {
    if (is_grammar(words_[at]) || at == 0 || !has_role(at + 1, Role::kVerb)) return false;
    const auto here = words_.begin() + static_cast<std::ptrdiff_t>(at);
    const auto first = std::find_if(words_.begin(), here, [](const Word& word) { return aacft::acts(word); });
    auto verb = here;
    while (verb != words_.begin() && (verb - 1)->role != Role::kVerb) --verb;
    if (verb == words_.begin() || first->role == Role::kLets) return false;
    --verb;
    const bool object = std::any_of(verb + 1, here, [](const Word& word) { return word.role != Role::kNot; });
    if (verb + 1 == here ? takes_over(*verb) : !object || verb->is("want") || verb->is("need")) return false;
    words_[at + 1].negation = here->is("never") ? "never" : "not";
    words_.erase(here);
    return true;
  }

  // "mum say no", "I tell you no"
  bool is_said(std::size_t at) const {
    if (words_[at].role != Role::kNo || at == 0 || at + 1 != words_.size()) return false;
    const Word& last = words_[at - 1];
    if (last.role == Role::kVerb) return last.is("say");
    return at > 1 && words_[at - 2].role == Role::kVerb && words_[at - 2].is("tell") &&
           (last.role == Role::kPronoun || last.role == Role::kNoun);
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

  // "no that one this one"
  bool shows_two() const {
    return std::count_if(words_.begin(), words_.end(), [](const Word& word) { return word.role == Role::kThat; }) > 1;
  }

  // "not milk coffee": one is wanted. "negate snail reason" is about both, unless they are counted.
  bool leads_a_list(std::size_t at, bool shown) const {
    const auto counts = [](const Word& word) { return word.role == Role::kDeterminer; };
    return at == 0 && !acts_ && (shown ? shows_two() : !names_somebody_) &&
           (!is_grammar(words_[at]) || std::any_of(words_.begin(), words_.end(), counts));
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

  static void make_any(Word& word) {
    word.role = Role::kDeterminer;
    word.text = "any";
    word.count = Count::kMany;
  }

  // A second negation would take the first one back.
  void undouble() {
    const auto denials = std::count_if(words_.begin(), words_.end(), is_negative);
    if (denials > 0 && !acts_ && words_.size() == 2)
      std::erase_if(words_, [](const Word& word) { return word.role == Role::kNot; });
    for (Word& word : words_) {
      if (!is_negative(word) || denials < 2) continue;
      Word* const first = std::find_if(words_.data(), &word, is_negative);
      if (first == &word || !(word.is("never") ? acts_ : std::any_of(first, &word, aacft::acts))) continue;
      word.text = word.is("never")     ? "ever"
                  : word.is("nothing") ? "anything"
                  : word.is("nobody")  ? "anybody"
                                       : "anyone";
    }
    if (!words_.empty() && (acts_ || is_negative(words_[0])) && std::any_of(words_.begin(), words_.end(), is_negative))
      std::erase_if(words_, [](const Word& word) { return word.role == Role::kNot; });
    const bool never = std::any_of(words_.begin(), words_.end(), [](const Word& word) { return word.is("never"); });
    for (Word& word : words_)
      if (never && word.role == Role::kNo && word.is("no")) make_any(word);
    if (std::none_of(words_.begin(), words_.end(), [](const Word& word) { return word.role == Role::kNot; })) return;
    for (Word& word : words_) {
      if (word.is("no more") && acts_) word.text = "any more";
      if (word.role != Role::kNo) continue;
      word.role = Role::kNot;
      if (!acts_ || word.is("not")) continue;
      make_any(word);
    }
  }

  std::vector<Word>& words_;
  bool acts_ = false, names_somebody_ = false;
};

class Contrast {
 public:
  explicit Contrast(const std::vector<Word>& words) : words_(words) {}

  // "not here there", "no that this": two of a kind, of which the first is not.
  bool leads() const {
    return words_.size() == 3 && negates(words_[0]) && !is_grammar(words_[0]) && words_[1].role == words_[2].role &&
           !acts(words_[1]) && words_[1].role != Role::kNoun && words_[1].role != Role::kDegree &&
           !(words_[1].role == Role::kPronoun && words_[1].pronoun == words_[2].pronoun);
  }

  std::size_t at() const {
    for (std::size_t i = 1; i + 1 < words_.size(); ++i) {
      if (!negates(words_[i]) || is_grammar(words_[i])) continue;
      const auto rest = words_.begin() + static_cast<std::ptrdiff_t>(i) + 1;
      if (std::any_of(rest, words_.end(), [](const Word& word) { return acts(word); })) continue;
      if (is_set_against(i)) return i;
    }
    return words_.size();
  }

 private:
  static bool is_grammar_mark(const Word& word) {
    return word.role == Role::kQuestion || word.role == Role::kPast || word.role == Role::kFuture;
  }
  static bool is_object(const Word& word) {
    return word.role == Role::kNoun || word.role == Role::kThat || (word.role == Role::kPronoun && word.clitic);
  }
  static bool states(const Word& word) { return word.role == Role::kAdjective || word.role == Role::kPlace; }
  static bool names(const Word& word) {
    return word.role == Role::kNoun || word.role == Role::kThat || word.role == Role::kPronoun;
  }

  // "dad cook not mum": nobody is cooked.
  static bool is_done_alone(const Word& verb) {
    return verb.role == Role::kVerb &&
           english::listed("|do|eat|drink|cook|read|write|drive|bake|try|clean up|", verb.text);
  }
  // "head hurt no school"
  bool hurts(const Word& verb, std::size_t at) const {
    return verb.role == Role::kVerb && english::listed("|hurt|ache|itch|bleed|", verb.text) && at > 0 &&
           is_body_part(words_[at - 1]);
  }

  bool is_set_against(std::size_t i) const {
    const bool it_is = words_[0].is("it") || words_[0].role == Role::kThat;
    if (it_is && (i == 1 || (i == 2 && words_[1].is("be"))) && words_[i + 1].role == Role::kPronoun) return false;
    std::size_t last = i - 1;
    while (last > 0 && is_grammar_mark(words_[last])) --last;
    const Word& one = words_[last];
    const Word& other = words_[i + 1];
    if (negates(one) || is_grammar_mark(one) || is_grammar_mark(other)) return false;
    const auto here = words_.begin() + static_cast<std::ptrdiff_t>(last);
    const auto verb = std::find_if(words_.begin(), here, [](const Word& word) { return acts(word); });
    if (one.role == Role::kVerb && one.text.find(' ') != std::string::npos && is_intransitive(one)) return true;
    if (one.role == Role::kVerb && is_intransitive(one) && i + 2 == words_.size() && last > 0)
      return other.role == Role::kPronoun || other.alive() ||  // "mum come no dad"
             (english::listed("|sleep|cry|rest|", one.text) && other.role == Role::kNoun &&
              other.noun_class != english::NounClass::kPlace);
    std::size_t doer = last;
    while (doer > 0 && is_grammar_mark(words_[doer - 1])) --doer;
    const bool done = one.role == Role::kVerb && i + 2 == words_.size() && doer > 0 && names(words_[doer - 1]);
    if (done && other.role == Role::kPronoun && !other.clitic && !other.is("you") && !other.is("it"))
      return true;  // "he did no I"
    if (done && is_done_alone(one) && other.person()) return true;
    if (hurts(one, last)) return !other.clitic && other.role == Role::kNoun && !is_body_part(other);
    if (acts(one)) return false;                                                        // "want no tea"
    if (one.role == Role::kTime && other.role == Role::kTime && last > 0) return true;  // "tea later no now"
    if (verb == here) return said_of_subject(last, i) || of_a_kind(i);
    if (one.role == Role::kDeterminer) return other.role == Role::kDeterminer;
    if (one.role == Role::kPlace || one.role == Role::kTime || one.role == Role::kManner ||
        one.role == Role::kAdjective)
      return true;
    if (!is_object(one) && one.role != Role::kPronoun) return false;
    if (!is_object(one) && (verb->is("be") || verb->is("do") || verb->role == Role::kModal))
      return false;  // "be it no hot"
    if (takes_two(*verb) && one.role == Role::kPronoun && verb + 1 == here)
      return other.role == Role::kPronoun || other.alive();  // not "give me no tea"
    return true;
  }

  // "mum here no dad", "I happy no school"
  bool said_of_subject(std::size_t last, std::size_t i) const {
    const bool there = last > 1 && words_[last].role == Role::kNoun && words_[last - 1].role == Role::kPreposition;
    if (there && names(words_[0])) return true;  // "cat on bed no under table"
    const bool is = (words_[0].role == Role::kPronoun || words_[0].role == Role::kThat) && last > 0 &&
                    ((words_[last].role == Role::kNoun &&
                      (words_[i + 1].role != Role::kPronoun || (words_[i + 1].clitic && i + 2 == words_.size()))) ||
                     (words_[last].absolute && words_[i + 1].absolute));
    if (is) return std::none_of(words_.begin(), words_.begin() + static_cast<std::ptrdiff_t>(i), negates);
    if (!states(words_[last]) && words_[last].role != Role::kTime) return false;
    if (words_[last].role == Role::kAdjective && words_[i + 1].role == Role::kAdjective) return false;
    const auto here = words_.begin() + static_cast<std::ptrdiff_t>(last) + 1;
    const auto subject = std::find_if(words_.begin(), here, names);
    return std::any_of(subject, here, states);
  }

  // "here no there", "two no three", "me no you"
  bool of_a_kind(std::size_t i) const {
    const auto kind = [](const Word& word) {
      return word.role == Role::kNoun || word.absolute ? Role::kDot : word.role;
    };
    const Role role = kind(words_[0]);
    if (role == Role::kDot || role == Role::kInterjection) return false;
    if (role == Role::kPronoun && words_[0].pronoun == words_[i + 1].pronoun) return false;
    for (std::size_t j = 0; j < words_.size(); ++j)
      if (j != i && !is_grammar_mark(words_[j]) && kind(words_[j]) != role) return false;
    return true;
  }

  const std::vector<Word>& words_;
};

}  // namespace

void place_negations(std::vector<Word>& words) { Negations(words).place(); }

bool contrasts_first(const std::vector<Word>& words) { return Contrast(words).leads(); }

std::size_t contrast_at(const std::vector<Word>& words) { return Contrast(words).at(); }

std::string contrast_text(std::vector<Word> words) {
  std::size_t noun = 1;
  while (noun < words.size() && (words[noun].role == Role::kAdjective || words[noun].role == Role::kDegree)) ++noun;
  const bool common = noun < words.size() && words[noun].role == Role::kNoun && !is_proper(words[noun]);
  const bool more = words.size() > 1 && words[1].is("more");
  if ((words[0].role == Role::kNo && common) || more) return text_of(analyse(std::move(words)));
  words.erase(words.begin());
  for (Word& word : words)
    if (word.role == Role::kPronoun) word.clitic = true;
  return "not " + text_of(analyse(std::move(words)));
}

}  // namespace aacft
