#include "realise/subject.h"

#include <algorithm>
#include <iterator>

#include "realise/items.h"

namespace aacft {
namespace {

using At = Items::iterator;

bool is_action(const Item& item) { return is_verb(item) || item.kind == ItemKind::kModal; }

class SubjectSearch {
 public:
  SubjectSearch(Items& items, Clause& clause)
      : items_(items),
        clause_(clause),
        end_(items.end()),
        action_(std::find_if(items.begin(), end_, is_action)),
        verb_(std::find_if(items.begin(), end_, is_verb)) {}

  void run() {
    const At pronoun =
        std::find_if(items_.begin(), end_, [](const Item& i) { return is_noun(i) && i.noun.subject_pronoun(); });
    if (clause_.lets && pronoun == end_) return;
    const At noun = std::find_if(items_.begin(), action_, [](const Item& item) {
      return is_noun(item) && !(item.noun.pronoun() && item.noun.head.clitic);
    });
    const bool noun_leads =
        noun != action_ && acts() && pronoun != end_ && precedes(action_, pronoun) && alive(noun->noun);
    if (pronoun != end_ && !noun_leads) {
      take_pronoun(pronoun);
    } else if (acts()) {
      take_noun();
    } else if (!clause_.lets) {
      take_verbless();
    }
  }

 private:
  bool acts() const { return action_ != end_; }
  bool has_verb() const { return verb_ != end_; }

  bool precedes(At first, At second) const {
    for (; first != end_; ++first)
      if (first == second) return true;
    return false;
  }

  // Something is said after it.
  bool said_after(At at) const {
    return std::any_of(std::next(at), end_, [](const Item& item) { return is_noun(item) || is_predicate(item); });
  }

  At take(At at, std::vector<NounPhrase>& into) {
    into.push_back(std::move(at->noun));
    return items_.erase(at);
  }
  At take(At at) { return take(at, clause_.subject); }

  // "he", "he and she", "mum and I"; "the dog, he ...".
  void take_pronoun(At at) {
    const bool before_action = acts() && precedes(at, action_);
    const auto joins = [&](const Item& item) {
      return is_noun(item) &&
             (item.noun.subject_pronoun() || (before_action && item.noun.head.person() && !item.noun.head.clitic));
    };
    const bool third = at->noun.head.pronoun->person == 3;
    At start = at;
    if (const At before = at == items_.begin() ? at : std::prev(at);
        !clause_.joined && before != at && before_action && is_noun(*before) && third &&
        before->noun.head.role == Role::kNoun && alive(before->noun) && before->noun.plural() == at->noun.plural()) {
      take(before, clause_.topic);
    } else {
      while (start != items_.begin() && joins(*std::prev(start))) --start;
    }
    At last = std::next(at);
    while (last != end_ && joins(*last)) ++last;
    while (start != last) start = take(start);
    // The speaker comes last.
    std::stable_partition(clause_.subject.begin(), clause_.subject.end(), [](const NounPhrase& noun) {
      return !(noun.subject_pronoun() && noun.head.pronoun->subject == "I");
    });
  }

  void take_noun() {
    At at = std::find_if(items_.begin(), action_, is_noun);
    if (at == action_) return take_noun_behind();
    const NounPhrase& noun = at->noun;
    if (!alive(noun) && !noun.that() && take_owner()) return;
    if (!alive(noun) && has_verb() && is_will(verb_->word) && !said_after(verb_) && !clause_.wh)
      return;  // "apple want": I want an apple
    if (!time_phrase(noun).empty() && said_after(action_)) return take_clitic();
    while (is_noun(*at)) at = take(at);
  }

  // "behind tree be dog", "can dog swim", "sleep dog"
  void take_noun_behind() {
    if (leads_with_place()) {
      take(std::next(action_));
      return;
    }
    const At at = std::find_if(std::next(action_), end_, is_noun);
    if (at == end_) return;
    const bool between = has_verb() && precedes(at, verb_);
    const bool does = has_verb() && !between && is_intransitive(verb_->word) && preposition_of(verb_->word) == "with" &&
                      !said_after(at);
    const bool asks_what_is = clause_.wh && has_verb() && verb_->word.is("be");
    const bool asked = clause_.wh && !clause_.wh->word.is("who") && has_verb() && !verb_->word.is("hurt") &&
                       is_proper(at->noun.head) && !said_after(at);  // "where go mum"
    const bool may_act = between || asked || (!has_verb() && at->noun.head.role == Role::kNoun) || does;
    if ((alive(at->noun) && !at->noun.head.clitic && may_act) || asks_what_is) take(at);
  }

  // "behind tree be dog": the dog is behind the tree.
  bool leads_with_place() const {
    return action_ != items_.begin() && action_ == verb_ && action_->word.is("be") && !clause_.wh &&
           std::distance(action_, end_) == 2 && is_noun(items_.back()) &&
           std::all_of(items_.begin(), action_, is_place);
  }

  // "sofa, you, have": you have a sofa.
  bool take_owner() {
    const auto owns = [](const Item& item) { return is_noun(item) && is_object_pronoun(item.noun); };
    if ((has_verb() && !is_will(verb_->word)) || std::count_if(items_.begin(), action_, owns) != 1 ||
        said_after(has_verb() ? verb_ : action_))
      return false;
    take(std::find_if(items_.begin(), action_, owns));
    return true;
  }

  // "in the morning them want": nothing else can be the subject.
  void take_clitic() {
    const At at =
        std::find_if(items_.begin(), action_, [](const Item& item) { return is_noun(item) && item.noun.pronoun(); });
    if (at != action_) take(at);
  }

  // "dog big", "that big", "he happy": nouns before what is said of them.
  void take_verbless() {
    const At first = items_.begin();
    const At said = std::find_if_not(first, end_, is_noun);
    if (said == first) return take_pronoun_behind();
    const bool why_me =
        clause_.wh && clause_.wh->word.is("why") && said == end_ && first->noun.pronoun() && first->noun.head.clitic;
    if (why_me || (clause_.wh && first->noun.negation == "no")) return;
    const auto nouns = std::distance(first, said);
    const bool states =
        std::any_of(said, end_, [](const Item& item) { return item.kind == ItemKind::kAdjective || is_place(item); });
    if (first->noun.that() && (nouns > 1 || states)) {
      take(first);
      return;
    }
    const bool whose = clause_.wh && clause_.wh->has_noun && (first->noun.that() || first->noun.owned());
    if (!states && !whose && !(clause_.wh && !clause_.wh->has_noun)) return;
    if (nouns == 2 && make_possessive(*first, *std::next(first))) items_.erase(std::next(first));
    for (At at = first; at != end_ && is_noun(*at);) at = take(at);
  }

  // "proud you": you are proud
  void take_pronoun_behind() {
    if (items_.size() < 2 || clause_.wh) return;
    const At last = std::prev(end_);
    const bool states_first =
        std::all_of(items_.begin(), last, [](const Item& item) { return item.kind == ItemKind::kAdjective; });
    if (states_first && is_noun(*last) && is_object_pronoun(last->noun)) take(last);
  }

  Items& items_;
  Clause& clause_;
  const At end_, action_, verb_;  // the first of each kind
};

}  // namespace

void take_subject(Items& items, Clause& clause) { SubjectSearch(items, clause).run(); }

}  // namespace aacft
