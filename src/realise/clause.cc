#include "realise/clause.h"

#include <algorithm>

#include "aacft/english/noun_tables.h"
#include "aacft/english/spelling.h"
#include "realise/items.h"
#include "realise/negation.h"
#include "realise/verb_chain.h"

namespace aacft {
namespace {

using english::listed;
using english::NounClass;

constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

bool is_verb(const Item& item) { return item.kind == ItemKind::kVerb; }
bool is_noun(const Item& item) { return item.kind == ItemKind::kNoun; }
bool is_predicate(const Item& item) {
  return item.kind == ItemKind::kAdjective || item.kind == ItemKind::kPlace ||
         (item.kind == ItemKind::kPreposition && item.has_noun);
}

// Had or wished for: without a subject, it is the speaker who does it.
bool is_will(const Word& verb) { return wants(verb) || listed("|prefer|wish|have|", verb.text); }

bool alive(const NounPhrase& noun) { return noun.head.alive() || (noun.pronoun() && !noun.head.absolute); }

class Analysis {
 public:
  explicit Analysis(const std::vector<Word>& words) : items_(items_of(words)) {
    read_flags(words);
    take_wh();
    find_verbs();
    split_that_is();
    take_subject();
    take_times();
    build_groups();
    order_verbs(clause_.groups, clause_.lets);
    fill();
    identify();
    default_subject();
    infer_tense();
  }

  Clause take() { return std::move(clause_); }

 private:
  void read_flags(const std::vector<Word>& words) {
    for (const Word& word : words) {
      clause_.lets |= word.role == Role::kLets;
      clause_.negated |= word.role == Role::kNot;
      clause_.past |= word.role == Role::kPast;
      clause_.future |= word.role == Role::kFuture;
      clause_.question |= word.role == Role::kQuestion;
      if (word.role == Role::kConjunction && word.is("or")) clause_.conjunction = "or";
    }
  }

  // The first question word leads; later ones stay where they are.
  void take_wh() {
    for (std::size_t i = 0; i < items_.size(); ++i) {
      if (items_[i].kind != ItemKind::kWh) continue;
      clause_.question = true;
      if (!clause_.wh && !clause_.lets) {
        clause_.wh = items_[i];
        items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(i--));
        continue;
      }
      Item noun;
      noun.noun = std::move(items_[i].noun);
      noun.has_noun = true;
      const bool has_noun = items_[i].has_noun;
      items_[i].kind = ItemKind::kManner;
      items_[i].has_noun = false;
      if (has_noun) items_.insert(items_.begin() + static_cast<std::ptrdiff_t>(++i), std::move(noun));
    }
  }

  void find_verbs() {
    first_verb_ = first_modal_ = kNowhere;
    for (std::size_t i = 0; i < items_.size(); ++i) {
      if (first_verb_ == kNowhere && is_verb(items_[i])) first_verb_ = i;
      if (first_modal_ == kNowhere && items_[i].kind == ItemKind::kModal) first_modal_ = i;
    }
  }

  bool has_action() const { return first_verb_ != kNowhere || first_modal_ != kNowhere || clause_.lets; }

  // "that dog" alone is "That is a dog."
  void split_that_is() {
    split_is_that();
    if (has_action() || items_.empty() || !is_noun(items_[0]) || clause_.wh) return;
    if (items_[0].noun.demonstrative.empty() || std::any_of(items_.begin(), items_.end(), is_predicate)) return;
    split_that(0);
  }

  // "be that dog": that is a dog.
  void split_is_that() {
    if (items_.size() != 2 || !is_verb(items_[0]) || !items_[0].word.is("be") || !is_noun(items_[1]) ||
        items_[1].noun.demonstrative.empty())
      return;
    split_that(1);
  }

  void split_that(std::size_t at) {
    Item that;
    that.has_noun = true;
    that.noun.head.role = Role::kThat;
    that.noun.head.text = items_[at].noun.demonstrative;
    items_[at].noun.demonstrative.clear();
    items_.insert(items_.begin(), std::move(that));
    find_verbs();
  }

  void take(std::size_t at, std::vector<NounPhrase>& into) {
    into.push_back(std::move(items_[at].noun));
    items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(at));
    find_verbs();
  }

  std::size_t first_action() const { return std::min(first_verb_, first_modal_); }

  bool noun_after(std::size_t at) const {
    for (std::size_t i = at + 1; i < items_.size(); ++i)
      if (is_noun(items_[i]) || is_predicate(items_[i])) return true;
    return false;
  }

  std::size_t find_subject_pronoun() const {
    for (std::size_t i = 0; i < items_.size(); ++i)
      if (is_noun(items_[i]) && items_[i].noun.subject_pronoun()) return i;
    return kNowhere;
  }

  void take_subject() {
    if (clause_.lets && find_subject_pronoun() == kNowhere) return;
    const std::size_t action = first_action();
    const std::size_t pronoun = find_subject_pronoun();
    const std::size_t noun = first_noun_before(action);
    const bool noun_leads = noun != kNowhere && action != kNowhere && pronoun != kNowhere && noun < action &&
                            pronoun > action && alive(items_[noun].noun);
    if (pronoun != kNowhere && !noun_leads) return take_pronoun_subject(pronoun);
    if (action != kNowhere) return take_noun_subject(action);
    if (!has_action()) take_verbless_subject();
  }

  std::size_t first_noun_before(std::size_t end) const {
    for (std::size_t i = 0; i < items_.size() && i < end; ++i)
      if (is_noun(items_[i]) && !(items_[i].noun.pronoun() && items_[i].noun.head.clitic)) return i;
    return kNowhere;
  }

  // "he", "he and she", "mum and I"; "the dog, he ...".
  void take_pronoun_subject(std::size_t at) {
    const std::size_t action = first_action();
    const bool before_action = action != kNowhere && at < action;
    std::size_t start = at, end = at + 1;
    const auto joins = [&](std::size_t i) {
      if (!is_noun(items_[i])) return false;
      const NounPhrase& noun = items_[i].noun;
      return noun.subject_pronoun() || (before_action && i < action && noun.head.person() && !noun.head.clitic);
    };
    const bool third = items_[at].noun.head.pronoun->person == 3;
    if (at > 0 && before_action && is_noun(items_[at - 1]) && third && items_[at - 1].noun.head.role == Role::kNoun &&
        alive(items_[at - 1].noun) && items_[at - 1].noun.plural() == items_[at].noun.plural()) {
      take(at - 1, clause_.topic);
      start = --at;
      end = at + 1;
    } else {
      while (start > 0 && joins(start - 1)) --start;
    }
    while (end < items_.size() && joins(end)) ++end;
    for (std::size_t i = start; i < end; ++i) take(start, clause_.subject);
    // The speaker comes last.
    std::stable_partition(clause_.subject.begin(), clause_.subject.end(), [](const NounPhrase& noun) {
      return !(noun.subject_pronoun() && noun.head.pronoun->subject == "I");
    });
  }

  void take_noun_subject(std::size_t action) {
    const bool verb_acts = first_verb_ != kNowhere;
    std::size_t at = kNowhere;
    for (std::size_t i = 0; i < action && at == kNowhere; ++i)
      if (is_noun(items_[i])) at = i;
    if (at != kNowhere) {
      const NounPhrase& noun = items_[at].noun;
      const Word& verb = items_[verb_acts ? first_verb_ : action].word;
      if (!alive(noun) && !noun.that() && take_owner(action)) return;
      if (!alive(noun) && verb_acts && is_will(verb) && !noun_after(first_verb_) && !clause_.wh)
        return;  // "apple want": I want an apple
      if (time_phrase(noun).empty() == false && noun_after(action)) return take_clitic_subject(action);
      while (at < items_.size() && is_noun(items_[at]) && at < action) {
        take(at, clause_.subject);
        action = first_action();
      }
      return;
    }
    if (leads_with_place(action)) return take(action + 1, clause_.subject);
    // "can dog swim", "sleep dog"
    for (std::size_t i = action + 1; i < items_.size(); ++i) {
      if (!is_noun(items_[i])) continue;
      const bool between = first_verb_ != kNowhere && i < first_verb_;
      const bool acts = verb_acts && !between && is_intransitive(items_[first_verb_].word) &&
                        preposition_of(items_[first_verb_].word) == "with" && !noun_after(i);
      const bool plain = !clause_.wh || !verb_acts || !items_[first_verb_].word.is("be");
      if ((alive(items_[i].noun) && !items_[i].noun.head.clitic &&
           (between || (!verb_acts && items_[i].noun.head.role == Role::kNoun) || acts) && plain) ||
          (clause_.wh && verb_acts && items_[first_verb_].word.is("be")))
        take(i, clause_.subject);
      return;
    }
  }

  // "behind tree be dog": the dog is behind the tree.
  bool leads_with_place(std::size_t action) const {
    if (action == 0 || action != first_verb_ || !items_[action].word.is("be") || action + 2 != items_.size() ||
        clause_.wh)
      return false;
    const auto place = [](const Item& item) {
      return item.kind == ItemKind::kPlace ||
             (item.kind == ItemKind::kPreposition && item.has_noun && is_place_preposition(item.word.text));
    };
    return is_noun(items_.back()) &&
           std::all_of(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(action), place);
  }

  // "sofa, you, have": you have a sofa.
  bool take_owner(std::size_t action) {
    const bool wants = first_verb_ == kNowhere ? first_modal_ != kNowhere : is_will(items_[first_verb_].word);
    std::size_t owner = kNowhere, owners = 0;
    for (std::size_t i = 0; i < action; ++i)
      if (is_noun(items_[i]) && items_[i].noun.pronoun() && !items_[i].noun.head.absolute) {
        owner = i;
        ++owners;
      }
    if (!wants || owners != 1 || noun_after(std::max(action, first_verb_ == kNowhere ? action : first_verb_)))
      return false;
    take(owner, clause_.subject);
    return true;
  }

  // "in the morning them want": nothing else can be the subject.
  void take_clitic_subject(std::size_t action) {
    for (std::size_t i = 0; i < action; ++i)
      if (is_noun(items_[i]) && items_[i].noun.pronoun()) return take(i, clause_.subject);
  }

  // "dog big", "that big", "he happy": nouns before what is said of them.
  void take_verbless_subject() {
    std::size_t end = 0;
    while (end < items_.size() && is_noun(items_[end])) ++end;
    if (end == 0) {  // "proud you": you are proud
      const std::size_t last = items_.size() - 1;
      const bool states_first =
          items_.size() > 1 && std::all_of(items_.begin(), items_.end() - 1,
                                           [](const Item& item) { return item.kind == ItemKind::kAdjective; });
      if (states_first && !clause_.wh && is_noun(items_[last]) && items_[last].noun.pronoun() &&
          !items_[last].noun.head.absolute)
        take(last, clause_.subject);
      return;
    }
    const bool that = items_[0].noun.that();
    const bool states =
        end < items_.size() &&
        std::any_of(items_.begin() + static_cast<std::ptrdiff_t>(end), items_.end(), [](const Item& item) {
          return item.kind == ItemKind::kAdjective || item.kind == ItemKind::kPlace ||
                 (item.kind == ItemKind::kPreposition && item.has_noun && is_place_preposition(item.word.text));
        });
    if (that && (end > 1 || states)) return take(0, clause_.subject);
    if (!states && !(clause_.wh && !clause_.wh->has_noun)) return;
    if (end == 2 && items_[1].noun.pronoun() && items_[1].noun.head.clitic) make_possessive(0);
    while (!items_.empty() && is_noun(items_[0])) take(0, clause_.subject);
  }

  // "cap, them": their cap.
  void make_possessive(std::size_t at) {
    NounPhrase& noun = items_[at].noun;
    if (noun.pronoun() || noun.that() || !noun.bare() || noun.head.name) return;
    const NounPhrase& owner = items_[at + 1].noun;
    if (!owner.pronoun() || owner.head.absolute || !owner.head.clitic) return;
    noun.possessor = owner.head.pronoun;
    items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }

  // Adverbs of time, frequency; "on Monday" where another noun or verb carries the clause.
  void take_times() {
    std::size_t carrying = clause_.subject.empty() ? 0 : 1;
    for (const Item& item : items_) carrying += (is_noun(item) && time_phrase(item.noun).empty()) || is_predicate(item);
    const bool intransitive =
        first_verb_ != kNowhere && !items_[first_verb_].word.is("be") && !is_will(items_[first_verb_].word);
    const bool only_modal = first_verb_ == kNowhere && (first_modal_ != kNowhere || clause_.lets);
    bool first = true;
    for (std::size_t i = 0; i < items_.size();) {
      Item& item = items_[i];
      const bool noun_time = is_noun(item) && has_action() && !time_phrase(item.noun).empty() &&
                             (carrying >= 2 || (intransitive && carrying >= 1) || only_modal);
      if (item.kind == ItemKind::kTime || noun_time) {
        if (noun_time) item.text = time_phrase(item.noun);
        item.kind = ItemKind::kTime;
        (first && i == 0 && items_.size() + clause_.subject.size() > 1 ? clause_.front_times : clause_.end_times)
            .push_back(item);
      } else if (item.kind == ItemKind::kFrequency) {
        clause_.frequencies.push_back(item);
      } else {
        first = false;
        ++i;
        continue;
      }
      items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    find_verbs();
  }

  void build_groups() {
    std::vector<Item> pending;
    for (Item& item : items_) {
      if (item.kind == ItemKind::kModal) {
        add_modal(item.word);
      } else if (is_verb(item)) {
        add_group(item.word);
      } else if (!clause_.groups.empty()) {
        clause_.groups.back().after.push_back(std::move(item));
      } else {
        pending.push_back(std::move(item));
      }
    }
    if (clause_.groups.empty()) {
      clause_.fragment = std::move(pending);
    } else {
      place_pending(std::move(pending));
    }
  }

  void add_modal(const Word& modal) {
    if (!clause_.groups.empty() && wants(clause_.groups.back().verb) && modal.is("can")) {
      Group able;  // "want can": want to be able to
      able.verb = verb_named("be able");
      able.modal = true;
      clause_.groups.push_back(std::move(able));
    } else if (!clause_.modal) {
      clause_.modal = modal;
    } else if (clause_.modal->text == modal.text) {
      clause_.really_modal = true;
    } else if (modal.is("can") || modal.is("must")) {
      add_second_modal(modal);
    } else if (clause_.modal->is("can") || clause_.modal->is("must")) {
      const Word first = *clause_.modal;
      clause_.modal = modal;
      add_second_modal(first);
    } else {
      clause_.modal->text += " and " + modal.text;
    }
  }

  // "would can": would be able to; "can must": can have to.
  void add_second_modal(const Word& modal) {
    Group able;
    able.verb = verb_named(modal.is("must") ? "have" : "be able");
    able.modal = true;
    clause_.groups.insert(clause_.groups.begin(), std::move(able));
  }

  void add_group(const Word& verb) {
    for (Group& group : clause_.groups)
      if (group.verb.text == verb.text && !group.modal) {
        group.really = true;
        return;
      }
    Group group;
    group.verb = verb;
    clause_.groups.push_back(std::move(group));
  }

  // What stands before the verbs and is not the subject.
  void place_pending(std::vector<Item> pending) {
    std::vector<Item> nouns, states;
    for (Item& item : pending) (is_predicate(item) ? states : nouns).push_back(std::move(item));
    auto& groups = clause_.groups;
    std::size_t target = 0;
    for (std::size_t i = groups.size(); i-- > 0;)
      if (std::none_of(groups[i].after.begin(), groups[i].after.end(), is_noun)) {
        target = i;
        break;
      }
    auto& after = groups[target].after;
    after.insert(after.begin(), std::make_move_iterator(nouns.begin()), std::make_move_iterator(nouns.end()));
    if (states.empty()) return;
    const bool adjective = states[0].kind == ItemKind::kAdjective;
    Group& first = groups[0];
    const bool acts = !first.verb.is("be") && adjective &&
                      (is_state_of_mind(states[0].word) ? !is_will(first.verb) : !is_state(first.verb));
    if (acts && clause_.subject.empty() && !is_state_of_mind(states[0].word) && !clause_.lets && !clause_.modal) {
      clause_.subject.push_back(one_that_is(states[0]));  // "thin clean": the thin one cleans
      states.erase(states.begin());
    } else if (acts && !clause_.subject.empty()) {
      Group state;  // "I happy see you": I am happy to see you
      state.verb = verb_named("be");
      groups.insert(groups.begin(), std::move(state));
    }
    auto& rest = groups[0].after;
    rest.insert(rest.begin(), std::make_move_iterator(states.begin()), std::make_move_iterator(states.end()));
  }

  static NounPhrase one_that_is(const Item& adjective) {
    NounPhrase one;
    one.adjectives.push_back(adjective.text);
    return one;
  }

  // "I can the park": a verb is understood. "want outside": want to be outside.
  void fill() {
    auto& groups = clause_.groups;
    if (groups.empty() && (clause_.modal || clause_.lets)) fill_fragment();
    if (!groups.empty() && groups.back().modal && !groups.back().after.empty()) {
      clause_.fragment = std::move(groups.back().after);
      groups.back().after.clear();
      fill_fragment();
      groups.back().link = Link::kTo;
    }
    for (std::size_t i = 0; i < groups.size(); ++i) {
      Group& group = groups[i];
      if (!takes_to(group.verb) || has_object(group) || group.after.empty() || i + 1 < groups.size()) continue;
      const Item& first = group.after[0];
      const bool be = first.kind == ItemKind::kPlace ||
                      (first.kind == ItemKind::kAdjective && is_state_of_mind(first.word) && !group.verb.is("have")) ||
                      (first.kind == ItemKind::kPreposition && first.has_noun && is_place_preposition(first.word.text));
      if (!be || group.verb.is("have")) continue;
      Group state;
      state.verb = verb_named("be");
      state.link = Link::kTo;
      state.after = std::move(group.after);
      group.after.clear();
      groups.push_back(std::move(state));
    }
    if (groups.empty() && !clause_.modal && !clause_.subject.empty() && (!clause_.fragment.empty() || clause_.wh)) {
      Group state;
      state.verb = verb_named("be");
      state.after = std::move(clause_.fragment);
      clause_.fragment.clear();
      with_company(state);
      groups.push_back(std::move(state));
    }
  }

  // "we, you": We are with you.
  void with_company(Group& state) {
    if (clause_.wh || (!clause_.subject.empty() && clause_.subject[0].that())) return;
    bool only_clitics = !state.after.empty();
    for (const Item& item : state.after)
      only_clitics &= is_noun(item) && item.noun.pronoun() && !item.noun.head.absolute;
    if (!only_clitics) return;
    Item with;
    with.kind = ItemKind::kPreposition;
    with.word.text = with.text = "with";
    state.after.insert(state.after.begin(), with);
  }

  void fill_fragment() {
    if (clause_.fragment.empty()) return;
    Group group;
    group.verb = verb_named(understood_verb());
    group.after = std::move(clause_.fragment);
    clause_.fragment.clear();
    if (group.verb.is("go") && is_noun(group.after[0])) {
      Item to;
      to.kind = ItemKind::kPreposition;
      to.word.text = to.text = "to";
      to.noun = group.after[0].noun;
      to.has_noun = true;
      group.after[0] = to;
    }
    clause_.groups.push_back(std::move(group));
  }

  std::string_view understood_verb() const {
    const Item& first = clause_.fragment[0];
    const bool thing = !clause_.subject.empty() && !alive(clause_.subject[0]);
    if (first.kind == ItemKind::kAdjective) return "be";
    if (!is_noun(first)) return clause_.lets ? "go" : "be";
    if (thing) return "be";
    const Word& head = first.noun.head;
    if (head.noun_class == NounClass::kPlace && first.noun.head.role == Role::kNoun) return "go";
    if (listed("|football|basketball|tennis|chess|", head.text)) return "play";
    return alive(first.noun) ? "see" : "have";
  }

  // "bucket, be": it is a bucket.
  void identify() {
    auto& groups = clause_.groups;
    if (groups.size() != 1 || !groups[0].verb.is("be") || !groups[0].after.empty() || clause_.modal || clause_.wh ||
        clause_.lets)
      return;
    if (!clause_.end_times.empty() || !clause_.front_times.empty()) return;
    for (const NounPhrase& noun : clause_.subject)
      if (noun.head.role != Role::kNoun && !noun.head.text.empty()) return;
    for (NounPhrase& noun : clause_.subject) {
      Item item;
      item.noun = std::move(noun);
      item.has_noun = true;
      groups[0].after.push_back(std::move(item));
    }
    clause_.subject.clear();
  }

  // Who is meant where nobody is named.
  void default_subject() {
    if (!clause_.subject.empty() || (clause_.lets)) return;
    if (clause_.wh && wh_is_subject()) {
      clause_.wh_subject = true;
      return;
    }
    const bool verbs = !clause_.groups.empty();
    if (!verbs && !clause_.modal) return fragment_subject();
    if (clause_.question) {
      clause_.subject.push_back(pronoun(clause_.modal                              ? "I"
                                        : verbs && clause_.groups[0].verb.is("be") ? be_subject(true)
                                                                                   : "you"));
      return;
    }
    if (verbs && is_weather(clause_.groups[0].verb) && !clause_.modal) {
      clause_.subject.push_back(pronoun("it"));
      return;
    }
    const bool tense = clause_.past || clause_.future;
    const Group* first = verbs ? &clause_.groups[0] : nullptr;
    if (first != nullptr && first->verb.is("be") && !clause_.modal) {
      if (clause_.groups.size() == 1 && !tense && !first->after.empty() &&
          first->after[0].kind == ItemKind::kAdjective && is_command(first->after[0].word)) {
        clause_.imperative = true;
        return;
      }
      clause_.subject.push_back(pronoun(be_subject(false)));
      return;
    }
    if (clause_.modal || tense || (first != nullptr && is_state(first->verb))) {
      clause_.subject.push_back(pronoun("I"));
      return;
    }
    clause_.imperative = true;
  }

  bool wh_is_subject() const {
    const Word& word = clause_.wh->word;
    if (clause_.groups.empty()) return clause_.modal.has_value() && word.is("who");
    const Word& verb = clause_.groups[0].verb;
    if (word.is("who") || clause_.wh->has_noun)
      return !(verb.is("be") && clause_.groups[0].after.empty() && clause_.groups.size() == 1);
    return word.is("what") && (is_intransitive(verb) || listed("|hurt|happen|be|smell|", verb.text)) &&
           !(verb.is("be") && clause_.groups[0].after.empty() && clause_.groups.size() == 1);
  }

  std::string_view be_subject(bool question) const {
    const Group& first = clause_.groups[0];
    if (clause_.groups.size() > 1 && first.after.empty()) return question ? "you" : "I";  // going
    if (first.after.empty()) return "it";
    const Item& said = first.after[0];
    if (said.kind == ItemKind::kAdjective) return is_state_of_mind(said.word) ? (question ? "you" : "I") : "it";
    if (is_noun(said) && said.noun.plural() && !said.noun.pronoun()) return "they";
    return "it";
  }

  // "cold, past": it was cold.
  void fragment_subject() {
    const bool marked = clause_.past || clause_.future || clause_.question || clause_.negated;
    auto& items = clause_.fragment;
    if (items.size() == 2 && is_noun(items[0]) && is_noun(items[1])) {
      items_ = std::move(items);
      make_possessive(0);
      items = std::move(items_);
    }
    if (!marked || items.empty() || clause_.wh) return;
    const bool states =
        std::none_of(items.begin(), items.end(), is_noun) && std::any_of(items.begin(), items.end(), is_predicate);
    if (!states) return;
    Group state;
    state.verb = verb_named("be");
    state.after = std::move(items);
    items.clear();
    clause_.groups.push_back(std::move(state));
    clause_.subject.push_back(pronoun(be_subject(clause_.question)));
  }

  static NounPhrase pronoun(std::string_view subject) { return phrase_of(*pronoun_of(subject), false); }

  void infer_tense() {
    if (clause_.past || clause_.future) return;
    for (const auto* times : {&clause_.front_times, &clause_.end_times})
      for (const Item& time : *times) {
        clause_.future |= time.word.tense > 0;
        clause_.past |= time.word.tense < 0;
      }
    if (clause_.past) clause_.future = false;
    if (clause_.imperative || clause_.lets || (clause_.modal && clause_.future)) clause_.past = clause_.future = false;
  }

  std::vector<Item> items_;
  Clause clause_;
  std::size_t first_verb_ = kNowhere, first_modal_ = kNowhere;
};

}  // namespace

Word verb_named(std::string_view plain) {
  Word verb;
  verb.role = Role::kVerb;
  verb.text = plain;
  return verb;
}

NounPhrase phrase_of(const Pronoun& pronoun, bool clitic) {
  NounPhrase phrase;
  phrase.head.role = Role::kPronoun;
  phrase.head.pronoun = &pronoun;
  phrase.head.text = pronoun.subject;
  phrase.head.plural = pronoun.plural;
  phrase.head.clitic = clitic;
  phrase.head.noun_class = NounClass::kPerson;
  return phrase;
}

Clause analyse(std::vector<Word> words) {
  place_negations(words);
  return Analysis(words).take();
}

}  // namespace aacft
