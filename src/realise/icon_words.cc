#include "aacft/realise/icon_words.h"

#include <algorithm>
#include <optional>

#include "aacft/base/error.h"
#include "aacft/english/noun_tables.h"
#include "aacft/english/spelling.h"
#include "realise/typed_words.h"
#include "realise/words.h"

namespace aacft {
namespace {

bool has(const std::vector<IconType>& types, IconType type) {
  return std::find(types.begin(), types.end(), type) != types.end();
}

std::optional<IconType> grammar_of(const std::string& word) {
  static constexpr std::pair<std::string_view, IconType> kGrammar[] = {
      {"past", IconType::kTensePast}, {"future", IconType::kTenseFuture},
      {"negate", IconType::kNegated}, {"not", IconType::kNegated},
      {"don't", IconType::kNegated},  {"question", IconType::kQuestion},
      {"?", IconType::kQuestion},     {"dot", IconType::kDot},
      {".", IconType::kDot}};
  const std::string lower = english::lower_case(word);
  for (const auto& [name, type] : kGrammar)
    if (lower == name) return type;
  return std::nullopt;
}

bool is_tense(const Icon& icon) { return icon.type == IconType::kTensePast || icon.type == IconType::kTenseFuture; }

bool is_article(const std::string& word) {
  return english::listed("|a|an|the|some|any|more|another|my|your|our|their|", english::lower_case(word));
}

// Whether a word is a verb first, and a thing only besides: the picture of the first has the word's own name.
bool is_action_first(const std::string& word, const Lexicon& lexicon) {
  const LexiconEntry* verb = lexicon.find(word, IconType::kVerb);
  const LexiconEntry* noun = lexicon.find(word, IconType::kNoun);
  const std::string own = picture_of_word(word);
  if (verb == nullptr || noun == nullptr || verb->icon.picture == own || noun->icon.picture == own)
    return verb != nullptr && (noun == nullptr || verb->icon.picture == own);
  const Word thing = word_of(noun->icon, lexicon);
  return verb < noun && !thing.alive() && !thing.portion;
}

// The type behind the slash of "dog/NOUN"; nothing where there is none. Error for an unknown one.
std::optional<IconType> typed(const std::string& word) {
  const std::size_t slash = word.rfind('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == word.size()) return std::nullopt;
  std::string name = word.substr(slash + 1);
  std::replace(name.begin(), name.end(), ' ', '_');  // CLITIC_PRONOUN
  const auto type = icon_type_named(name);
  const bool looks_like_type =
      std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; });
  if (!type && looks_like_type)
    throw Error("\"", name, "\" in \"", word,
                "\" is not an icon's type; write NOUN, VERB, ADJECTIVE, PREPOSITION, CLITIC_PRONOUN, NEGATED, "
                "TENSE_PAST, TENSE_FUTURE, DOT or QUESTION");
  return type;
}

class Reader {
 public:
  Reader(const Lexicon& lexicon, std::vector<std::string> words, std::vector<std::string>* unknown)
      : lexicon_(lexicon), words_(std::move(words)), unknown_(unknown) {}

  std::vector<Icon> read() {
    for (std::size_t i = 0; i < words_.size(); ++i) add(i);
    return std::move(icons_);
  }

 private:
  void add(std::size_t at) {
    const std::string& word = words_[at];
    const std::string next = at + 1 < words_.size() ? words_[at + 1] : "";
    if (const auto type = typed(word)) return push(word.substr(0, word.rfind('/')), *type);
    if (add_grammar(word)) return;
    const std::vector<IconType> types = types_of(word, lexicon_);
    if (types.empty()) {
      const bool article = word == "the" || word == "a" || word == "an";
      if (!article && unknown_ != nullptr && std::find(unknown_->begin(), unknown_->end(), word) == unknown_->end())
        unknown_->push_back(word);
      push(word, IconType::kNoun);
      return;
    }
    if (english::lower_case(word) == "her" && has(types, IconType::kCliticPronoun)) {
      push(word, owns(at) ? IconType::kAdjective : IconType::kCliticPronoun);
    } else {
      push(word, wants_to_do(types, next) && !is_article(icons_.back().word) ? IconType::kVerb : choose(types, at));
    }
  }

  // The icons that say no word.
  bool add_grammar(const std::string& word) {
    const std::optional<IconType> type = grammar_of(word);
    if (type) push(word == "?" ? "question" : word == "." ? "dot" : word, *type);
    return type.has_value();
  }

  // "I", "she", or "you" again: whose verb is still to come, where the words so far have one.
  bool begins_again(const Icon& icon, bool says) const {
    const Icon* before = &icon == icons_.data() ? nullptr : &icon - 1;
    if (!says || before == nullptr) return false;
    const bool again = english::lower_case(before->word) == english::lower_case(icon.word);
    const Pronoun* pronoun = pronoun_of(english::lower_case(icon.word));
    if (pronoun == nullptr || before->type == IconType::kPreposition) return false;
    const bool object_too = pronoun->subject == pronoun->object;
    return object_too ? again : icon.type == IconType::kNoun && english::lower_case(icon.word) != pronoun->reflexive;
  }

  bool denies(const Icon& icon) const {
    return icon.type == IconType::kNegated || word_of(icon, lexicon_).role == Role::kNo ||
           english::lower_case(icon.word) == "never";
  }

  // "I no work", "eat apple no drink tea": an action, for what comes before and after the negation. "no drink", "want
  // no drink" are about things.
  std::optional<IconType> after_negation(const std::vector<IconType>& types, std::size_t at) const {
    if (!has(types, IconType::kVerb) || icons_.empty() || !denies(icons_.back())) return std::nullopt;
    const bool object = at + 1 < words_.size() && begins_object(at + 1);
    if (icons_.size() == 1) return object ? std::optional(IconType::kVerb) : std::nullopt;
    std::size_t subject = icons_.size() - 2;
    while (subject > 0 && (is_tense(icons_[subject]) || word_of(icons_[subject], lexicon_).role == Role::kFrequency))
      --subject;
    const Icon& before = icons_[subject];
    const Word said = word_of(before, lexicon_);
    const Word verb = word_of({words_[at], IconType::kVerb, ""}, lexicon_);
    if (said.role == Role::kModal || said.is("stop")) return IconType::kVerb;
    if (said.role == Role::kVerb) {
      const bool other = is_intransitive(said) || said.is("eat") || said.is("drink");
      return object || (other && !said.is("go") && !said.text.starts_with("go ")) ? std::optional(IconType::kVerb)
                                                                                  : std::nullopt;
    }
    if ((object && said.role != Role::kNo) || (said.is("it") && is_weather(verb))) return IconType::kVerb;
    const bool primary = is_action_first(words_[at], lexicon_);
    if (said.role == Role::kWh && (said.is("what") || said.is("who")) && primary) return IconType::kVerb;
    if (said.role == Role::kPronoun && !said.absolute) return primary ? std::optional(IconType::kVerb) : std::nullopt;
    if (said.role == Role::kAdjective && !has_acted() && primary)
      return std::all_of(icons_.begin(), icons_.end() - 1,
                         [&](const Icon& i) { return i.type == IconType::kAdjective; })
                 ? std::optional(IconType::kVerb)
                 : std::nullopt;  // "too hot no drink"
    if (said.role != Role::kNoun || !primary) return std::nullopt;
    if (subject > 0 && denies(icons_[subject - 1])) return std::nullopt;  // "no school no work"
    const bool acted =
        std::any_of(icons_.begin(), icons_.end(), [](const Icon& i) { return i.type == IconType::kVerb; });
    return said.alive() || (!acted && is_intransitive(verb)) ? std::optional(IconType::kVerb) : std::nullopt;
  }

  // "put it here", "let me do it", but not "do it hurt", "be it nice".
  bool acts_on_it() const {
    const std::size_t given = icons_.size();
    if (given > 1 && icons_.back().type == IconType::kCliticPronoun)
      return takes_two(word_of(icons_[given - 2], lexicon_));  // "give me it"
    const Word verb = word_of(icons_.back(), lexicon_);
    if (verb.role != Role::kVerb || verb.is("be") || verb.is("have")) return false;
    return !verb.is("do") || icons_.size() > 1;
  }

  bool has_acted() const {
    return std::any_of(icons_.begin(), icons_.end(), [](const Icon& icon) { return icon.type == IconType::kVerb; });
  }

  // "cold tea", "tea cold no good": first a quality, and a thing only besides.
  bool is_quality(std::size_t at) const {
    const LexiconEntry* quality = lexicon_.find(words_[at], IconType::kAdjective);
    if (quality->icon.picture != picture_of_word(words_[at])) return false;
    const bool last = at + 1 == words_.size();
    const bool before_noun = !last && types_of(words_[at + 1], lexicon_) == std::vector{IconType::kNoun} &&
                             may_be(at + 1, IconType::kNoun, Role::kNoun);
    const bool after_noun = !icons_.empty() && word_of(icons_.back(), lexicon_).role == Role::kNoun;
    return (before_noun && !after_want()) || (after_noun && !has_acted());
  }

  // "battery empty", "that boy mean": nothing is emptied or meant.
  bool is_state_of_thing(std::size_t at) const {
    const bool last = at + 1 == words_.size() || grammar_of(words_[at + 1]);
    const Word verb = word_of({words_[at], IconType::kVerb, ""}, lexicon_);
    const bool mean = words_[at] == "mean";
    if (!last || icons_.empty() || (!mean && (is_intransitive(verb) || is_state(verb)))) return false;
    std::size_t subject = icons_.size();
    while (subject > 0 &&
           (denies(icons_[subject - 1]) || is_tense(icons_[subject - 1]) || icons_[subject - 1].word == "be"))
      --subject;
    if (subject == 0) return false;
    const Word said = word_of(icons_[subject - 1], lexicon_);
    const Word before = subject == 1 ? Word() : word_of(icons_[subject - 2], lexicon_);
    const bool first = before.role != Role::kVerb || is_intransitive(before);
    return said.role == Role::kNoun && first && (!said.alive() || mean);
  }

  // "phone no work", "light go off": a thing that does not.
  bool is_doer_of_next(std::size_t at) const {
    std::size_t next = at + 1;
    if (next + 1 == words_.size() && (words_[next] == "on" || words_[next] == "off"))
      return !is_action_first(words_[at], lexicon_);
    const bool negated =
        next < words_.size() && (words_[next] == "no" || grammar_of(words_[next]) == IconType::kNegated);
    if (!negated || ++next >= words_.size() || !has(types_of(words_[next], lexicon_), IconType::kVerb)) return false;
    const Word verb = word_of({words_[next], IconType::kVerb, ""}, lexicon_);
    return !is_action_first(words_[at], lexicon_) && is_intransitive(verb) &&
           !is_weather(word_of({words_[at], IconType::kVerb, ""}, lexicon_));
  }

  // "go out play", "if rain", "I may go"
  bool does_after_word_before(std::size_t at) const {
    if (icons_.empty()) return false;
    const Icon& before = icons_.back();
    const Word verb = word_of({words_[at], IconType::kVerb, ""}, lexicon_);
    if (icons_.size() > 1 && before.type == IconType::kCliticPronoun && is_action_first(words_[at], lexicon_) &&
        english::listed("|let|make|help|", icons_[icons_.size() - 2].word))
      return true;  // "let me play"
    if (before.type == IconType::kVerb && (before.word.starts_with("go ") || before.word.starts_with("come ")))
      return true;
    if (is_weather(verb) && (before.word == "if" || before.word == "when" || before.word == "because")) return true;
    return verb.role == Role::kModal && (pronoun_of(english::lower_case(before.word)) != nullptr || denies(before));
  }

  // "no meat fish": no meat does that.
  bool no_such_doer(const std::string& word) const {
    if (icons_.size() != 2 || !denies(icons_[0]) || is_action_first(word, lexicon_)) return false;
    const Word noun = word_of(icons_[1], lexicon_);
    return noun.role == Role::kNoun && !noun.alive();
  }

  // "mum no work dad work"
  bool repeats_verb(const std::string& word, bool object) const {
    std::size_t subject = icons_.size();
    while (subject > 0 && is_tense(icons_[subject - 1])) --subject;
    if (subject < 2) return false;
    const Word doer = word_of(icons_[subject - 1], lexicon_), last = word_of(icons_[subject - 2], lexicon_);
    if (!doer.alive() && !(doer.is("it") && doer.role == Role::kPronoun)) return false;
    const bool whole = last.role != Role::kVerb || is_intransitive(last) || last.text.starts_with("go ");
    if (whole && (is_action_first(word, lexicon_) || object) && has_acted()) return true;
    return std::any_of(icons_.begin(), icons_.end() - 1,
                       [&](const Icon& icon) { return icon.type == IconType::kVerb && icon.word == word; });
  }

  // "tea", "me", "my bag": not "today".
  bool begins_object(std::size_t at) const {
    if (grammar_of(words_[at])) return false;
    const std::vector<IconType> types = types_of(words_[at], lexicon_);
    const IconType type = types.empty() ? IconType::kNoun : types[0];
    const Word word = word_of({words_[at], type, ""}, lexicon_);
    if (word.role == Role::kPronoun) {  // not "drink I"
      return has(types, IconType::kCliticPronoun) &&
             !(at + 1 < words_.size() && word.pronoun->subject == word.pronoun->object);
    }
    return (word.role == Role::kNoun && !has(types, IconType::kVerb)) || word.role == Role::kPossessive ||
           word.role == Role::kThat;
  }

  // A verb after who does it and before any other verb; a noun after a verb.
  IconType choose(const std::vector<IconType>& types, std::size_t at) const {
    if (types.size() == 1) return types[0];
    bool verb = false, subject = false, other_said = false, goes_on = false;
    for (const Icon& icon : icons_) {
      const bool starts_again =
          icon.type == IconType::kDot || (verb && (icon.word == "so" || icon.word == "then")) ||
          (icon.type == IconType::kPreposition && lexicon_.find(icon.word, icon.type) != nullptr &&
           lexicon_.find(icon.word, icon.type)->form("conjunction") != nullptr);
      if (starts_again || begins_again(icon, verb && subject)) verb = subject = false;
      goes_on = starts_again && icon.word == "then";  // "first eat then play"
      verb |= icon.type == IconType::kVerb && icon.word != "can" && icon.word != "want";
      subject |= icon.type == IconType::kNoun || (icon.type == IconType::kCliticPronoun && !verb);
      other_said = !starts_again && (icon.type == IconType::kAdjective || icon.type == IconType::kPreposition);
    }
    if (has(types, IconType::kNoun) && !icons_.empty() && is_article(icons_.back().word)) return IconType::kNoun;
    if (const auto type = after_negation(types, at)) return *type;
    if (has(types, IconType::kVerb) && has(types, IconType::kAdjective) && is_state_of_thing(at))
      return IconType::kAdjective;
    if (has(types, IconType::kVerb) && has(types, IconType::kNoun) && icons_.empty() && is_doer_of_next(at))
      return IconType::kNoun;
    if (has(types, IconType::kVerb) && does_after_word_before(at)) return IconType::kVerb;
    if (has(types, IconType::kCliticPronoun) && !icons_.empty() && english::lower_case(words_[at]) == "it" &&
        (icons_.back().type == IconType::kVerb || icons_.back().type == IconType::kCliticPronoun) && acts_on_it())
      return IconType::kCliticPronoun;
    if (has(types, IconType::kNoun) && has(types, IconType::kAdjective) && is_quality(at)) return IconType::kAdjective;
    if (has(types, IconType::kNoun) && no_such_doer(words_[at])) return IconType::kNoun;
    if (has(types, IconType::kVerb) && !icons_.empty() && english::lower_case(icons_.back().word) == "it" &&
        is_weather(word_of({words_[at], IconType::kVerb, ""}, lexicon_)))
      return IconType::kVerb;  // "if you come it rain"
    if (has(types, IconType::kVerb) && repeats_verb(words_[at], at + 1 < words_.size() && begins_object(at + 1)))
      return IconType::kVerb;
    const bool after_modal = !icons_.empty() && icons_.back().type == IconType::kVerb && icons_.back().word == "can";
    if (has(types, IconType::kCliticPronoun) && subject) return IconType::kCliticPronoun;
    const bool told_not_to = !icons_.empty() && english::lower_case(icons_.back().word) == "don't";
    if (has(types, IconType::kVerb) && !verb && !other_said &&
        (subject || goes_on || told_not_to || after_modal || icons_.empty() || types[0] == IconType::kVerb) &&
        !after_want())
      return IconType::kVerb;
    if (has(types, IconType::kNoun) && (verb || after_want() || other_said)) return IconType::kNoun;
    for (const IconType type : types)
      if (type != IconType::kCliticPronoun) return type;
    return types[0];
  }

  // "I like her red bag", not "I like her", "I see her run", "I give her tea", "her drink tea".
  bool owns(std::size_t at) const {
    std::size_t thing = at + 1;
    if (thing < words_.size() && grammar_of(words_[thing])) return false;
    while (thing < words_.size() && types_of(words_[thing], lexicon_) == std::vector{IconType::kAdjective}) ++thing;
    if (thing == words_.size() || !may_be(thing, IconType::kNoun, Role::kNoun)) return false;
    const bool acts = may_be(thing, IconType::kVerb, Role::kVerb);
    const auto verb =
        std::find_if(icons_.rbegin(), icons_.rend(), [](const Icon& icon) { return icon.type == IconType::kVerb; });
    if (verb != icons_.rend()) {
      const Word said = word_of(*verb, lexicon_);
      return acts ? !takes_bare(said) : !takes_two(said);
    }
    if (!acts || thing + 1 == words_.size()) return true;
    for (std::size_t later = thing + 1; later < words_.size(); ++later)
      if (may_be(later, IconType::kVerb, Role::kVerb) && !may_be(later, IconType::kNoun, Role::kNoun)) return true;
    return !may_be(thing + 1, IconType::kNoun, Role::kNoun);
  }

  // A word that the lexicon does not know is a noun.
  bool may_be(std::size_t at, IconType type, Role role) const {
    const std::vector<IconType> types = types_of(words_[at], lexicon_);
    if (types.empty() ? type != IconType::kNoun : !has(types, type)) return false;
    return word_of({words_[at], type, ""}, lexicon_).role == role;
  }

  // "want drink water": to drink water. "want tea milk" has two things.
  bool wants_to_do(const std::vector<IconType>& types, const std::string& next) const {
    if (icons_.empty() || icons_.back().type != IconType::kVerb || icons_.back().word != "want" ||
        !has(types, IconType::kVerb))
      return false;
    const LexiconEntry* thing = lexicon_.find(next, IconType::kNoun);
    if (!next.empty() && lexicon_.find(next) == nullptr && !grammar_of(next))
      return true;  // a word that it does not know
    return lexicon_.find(next, IconType::kCliticPronoun) != nullptr ||
           (thing != nullptr && thing->form("phrase") == nullptr);
  }

  bool after_want() const {
    return !icons_.empty() && icons_.back().type == IconType::kVerb && icons_.back().word != "can";
  }

  void push(const std::string& word, IconType type) {
    const LexiconEntry* entry = lexicon_.find(word, type);
    if (entry != nullptr) {
      icons_.push_back(entry->icon);
      return;
    }
    std::string picture = word + ".png";
    std::replace(picture.begin(), picture.end(), ' ', '_');
    icons_.push_back({word, type, picture});
  }

  const Lexicon& lexicon_;
  const std::vector<std::string> words_;
  std::vector<std::string>* unknown_;
  std::vector<Icon> icons_;
};

}  // namespace

std::vector<Icon> icons_of_words(std::string_view text, const Lexicon& lexicon, std::vector<std::string>* unknown) {
  return Reader(lexicon, typed_words(text, lexicon), unknown).read();
}

}  // namespace aacft
