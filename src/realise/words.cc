#include "realise/words.h"

#include <algorithm>
#include <unordered_map>

#include "aacft/base/text.h"
#include "aacft/english/noun_tables.h"
#include "aacft/english/spelling.h"

namespace aacft {
namespace {

using english::listed;
using english::lower_case;
using english::WordList;

constexpr Pronoun kPronouns[] = {
    {"I", "me", "my", "mine", "myself", 1, false},
    {"you", "you", "your", "yours", "yourself", 2, false},
    {"he", "him", "his", "his", "himself", 3, false},
    {"she", "her", "her", "hers", "herself", 3, false},
    {"it", "it", "its", "its", "itself", 3, false},
    {"we", "us", "our", "ours", "ourselves", 1, true},
    {"they", "them", "their", "theirs", "themselves", 3, true},
};

struct FunctionWord {
  std::string_view text;
  Role role;
  Count count = Count::kAny;
};

// Words whose job is the same whatever a board files them as.
// clang-format off
constexpr FunctionWord kFunctionWords[] = {
    {"that", Role::kThat}, {"this", Role::kThat}, {"these", Role::kThat}, {"those", Role::kThat},
    {"a", Role::kDeterminer, Count::kOne}, {"an", Role::kDeterminer, Count::kOne}, {"the", Role::kDeterminer},
    {"some", Role::kDeterminer, Count::kMany}, {"any", Role::kDeterminer, Count::kMany}, {"every", Role::kDeterminer, Count::kOne},
    {"each", Role::kDeterminer, Count::kOne}, {"another", Role::kDeterminer, Count::kOne}, {"all", Role::kDeterminer, Count::kMany},
    {"both", Role::kDeterminer, Count::kMany}, {"many", Role::kDeterminer, Count::kMany}, {"several", Role::kDeterminer, Count::kMany},
    {"few", Role::kDeterminer, Count::kMany}, {"a few", Role::kDeterminer, Count::kMany}, {"most", Role::kDeterminer, Count::kMany},
    {"more", Role::kDeterminer, Count::kMany}, {"less", Role::kDeterminer, Count::kMass}, {"fewer", Role::kDeterminer, Count::kMany},
    {"enough", Role::kDeterminer, Count::kMany}, {"much", Role::kDeterminer, Count::kMass}, {"a lot", Role::kDeterminer, Count::kMany},
    {"lots", Role::kDeterminer, Count::kMany}, {"a lot of", Role::kDeterminer, Count::kMany}, {"lots of", Role::kDeterminer, Count::kMany},
    {"a little", Role::kDeterminer, Count::kMass}, {"a bit", Role::kDeterminer, Count::kMass}, {"half", Role::kDeterminer},
    {"one", Role::kDeterminer, Count::kOne}, {"two", Role::kDeterminer, Count::kMany}, {"three", Role::kDeterminer, Count::kMany},
    {"four", Role::kDeterminer, Count::kMany}, {"five", Role::kDeterminer, Count::kMany}, {"six", Role::kDeterminer, Count::kMany},
    {"seven", Role::kDeterminer, Count::kMany}, {"eight", Role::kDeterminer, Count::kMany}, {"nine", Role::kDeterminer, Count::kMany},
    {"ten", Role::kDeterminer, Count::kMany}, {"eleven", Role::kDeterminer, Count::kMany}, {"twelve", Role::kDeterminer, Count::kMany},
    {"twenty", Role::kDeterminer, Count::kMany}, {"hundred", Role::kDeterminer, Count::kMany},
    {"my", Role::kPossessive}, {"your", Role::kPossessive}, {"his", Role::kPossessive}, {"its", Role::kPossessive},
    {"our", Role::kPossessive}, {"their", Role::kPossessive},
    {"very", Role::kDegree}, {"really", Role::kDegree}, {"quite", Role::kDegree}, {"so", Role::kDegree}, {"almost", Role::kDegree},
    {"here", Role::kPlace}, {"there", Role::kPlace}, {"outside", Role::kPlace}, {"inside", Role::kPlace}, {"behind", Role::kPlace},
    {"below", Role::kPlace}, {"above", Role::kPlace}, {"up", Role::kPlace}, {"down", Role::kPlace}, {"under", Role::kPlace},
    {"underneath", Role::kPlace}, {"over", Role::kPlace}, {"near", Role::kPlace}, {"nearby", Role::kPlace}, {"next to", Role::kPlace},
    {"beside", Role::kPlace}, {"between", Role::kPlace}, {"in front of", Role::kPlace}, {"in front", Role::kPlace}, {"on top of", Role::kPlace},
    {"on top", Role::kPlace}, {"around", Role::kPlace}, {"away", Role::kPlace}, {"upstairs", Role::kPlace}, {"downstairs", Role::kPlace},
    {"everywhere", Role::kPlace}, {"somewhere", Role::kPlace}, {"indoors", Role::kPlace}, {"outdoors", Role::kPlace}, {"abroad", Role::kPlace},
    {"out", Role::kPlace}, {"far away", Role::kPlace}, {"opposite", Role::kPlace}, {"across", Role::kPlace}, {"through", Role::kPlace},
    {"along", Role::kPlace}, {"past", Role::kPlace}, {"at home", Role::kPlace}, {"on the left", Role::kPlace}, {"on the right", Role::kPlace},
    {"today", Role::kTime}, {"tomorrow", Role::kTime}, {"yesterday", Role::kTime}, {"now", Role::kTime}, {"right now", Role::kTime},
    {"later", Role::kTime}, {"soon", Role::kTime}, {"tonight", Role::kTime}, {"before", Role::kTime}, {"afterwards", Role::kTime},
    {"then", Role::kTime}, {"already", Role::kTime}, {"yet", Role::kTime}, {"still", Role::kFrequency}, {"early", Role::kTime},
    {"at once", Role::kTime}, {"in the future", Role::kTime}, {"in the past", Role::kTime}, {"last night", Role::kTime},
    {"last week", Role::kTime}, {"next week", Role::kTime}, {"this morning", Role::kTime}, {"this afternoon", Role::kTime},
    {"this evening", Role::kTime}, {"every day", Role::kTime}, {"all day", Role::kTime}, {"the day after tomorrow", Role::kTime},
    {"the day before yesterday", Role::kTime}, {"day after tomorrow", Role::kTime}, {"day before yesterday", Role::kTime},
    {"always", Role::kFrequency}, {"never", Role::kFrequency}, {"often", Role::kFrequency}, {"sometimes", Role::kFrequency},
    {"usually", Role::kFrequency}, {"rarely", Role::kFrequency}, {"seldom", Role::kFrequency}, {"just", Role::kFrequency},
    {"also", Role::kFrequency}, {"only", Role::kFrequency}, {"probably", Role::kFrequency}, {"maybe", Role::kInterjection},
    {"perhaps", Role::kInterjection}, {"again", Role::kManner}, {"too", Role::kManner}, {"together", Role::kManner},
    {"as well", Role::kManner}, {"once", Role::kManner}, {"twice", Role::kManner}, {"instead", Role::kManner}, {"by myself", Role::kManner},
    {"well", Role::kManner}, {"quickly", Role::kManner}, {"slowly", Role::kManner}, {"loudly", Role::kManner}, {"quietly", Role::kManner},
    {"carefully", Role::kManner}, {"badly", Role::kManner}, {"a lot more", Role::kManner}, {"away from here", Role::kPlace},
    {"who", Role::kWh}, {"what", Role::kWh}, {"where", Role::kWh}, {"when", Role::kWh}, {"why", Role::kWh}, {"how", Role::kWh},
    {"which", Role::kWh}, {"whose", Role::kWh}, {"how many", Role::kWh}, {"how much", Role::kWh}, {"what time", Role::kWh},
    {"how old", Role::kWh}, {"how long", Role::kWh}, {"how often", Role::kWh}, {"how far", Role::kWh},
    {"with", Role::kPreposition}, {"without", Role::kPreposition}, {"to", Role::kPreposition}, {"for", Role::kPreposition},
    {"from", Role::kPreposition}, {"in", Role::kPreposition}, {"on", Role::kPreposition}, {"at", Role::kPreposition},
    {"of", Role::kPreposition}, {"about", Role::kPreposition}, {"after", Role::kPreposition}, {"into", Role::kPreposition},
    {"onto", Role::kPreposition}, {"by", Role::kPreposition}, {"off", Role::kPreposition}, {"against", Role::kPreposition},
    {"until", Role::kPreposition}, {"since", Role::kPreposition}, {"during", Role::kPreposition}, {"like", Role::kPreposition},
    {"towards", Role::kPreposition}, {"among", Role::kPreposition}, {"than", Role::kPreposition}, {"out of", Role::kPreposition},
    {"because of", Role::kPreposition}, {"instead of", Role::kPreposition}, {"far from", Role::kPreposition}, {"close to", Role::kPreposition},
    {"minus", Role::kPreposition}, {"plus", Role::kPreposition},
    {"and", Role::kConjunction}, {"or", Role::kConjunction}, {"but", Role::kConjunction}, {"because", Role::kConjunction},
    {"if", Role::kConjunction}, {"while", Role::kConjunction}, {"although", Role::kConjunction}, {"even though", Role::kConjunction},
    {"let's", Role::kLets}, {"lets", Role::kLets}, {"let us", Role::kLets},
    {"please", Role::kInterjection}, {"yes", Role::kInterjection}, {"no", Role::kNo}, {"hello", Role::kInterjection},
    {"hi", Role::kInterjection}, {"hey", Role::kInterjection}, {"bye", Role::kInterjection}, {"goodbye", Role::kInterjection},
    {"bye bye", Role::kInterjection}, {"thanks", Role::kInterjection}, {"thank you", Role::kInterjection}, {"sorry", Role::kInterjection},
    {"ok", Role::kInterjection}, {"okay", Role::kInterjection}, {"excuse me", Role::kInterjection}, {"good morning", Role::kInterjection},
    {"good afternoon", Role::kInterjection}, {"good evening", Role::kInterjection}, {"good night", Role::kInterjection},
    {"good day", Role::kInterjection}, {"yeah", Role::kInterjection}, {"oh", Role::kInterjection}, {"wow", Role::kInterjection},
    {"well done", Role::kInterjection}, {"of course", Role::kInterjection}, {"welcome", Role::kInterjection}, {"cheers", Role::kInterjection},
    {"congratulations", Role::kInterjection}, {"happy birthday", Role::kInterjection}, {"oops", Role::kInterjection}, {"ouch", Role::kInterjection},
    {"see you", Role::kInterjection}, {"see you later", Role::kInterjection}, {"see you tomorrow", Role::kInterjection}, {"me too", Role::kPhrase},
    {"me neither", Role::kPhrase}, {"so do i", Role::kPhrase}, {"neither do i", Role::kPhrase}, {"how are you", Role::kPhrase},
};
// clang-format on

constexpr std::string_view kModals = "|can|could|must|should|may|might|would|will|shall|";

constexpr std::string_view kNumbers = "0123456789";

const std::unordered_map<std::string_view, const FunctionWord*>& function_words() {
  static const auto* const map = [] {
    auto* words = new std::unordered_map<std::string_view, const FunctionWord*>;
    for (const FunctionWord& word : kFunctionWords) words->emplace(word.text, &word);
    return words;
  }();
  return *map;
}

// "(vegetable) garden" -> "vegetable garden", "steak (meat)" -> "steak", "door/gate" -> "door", "vehicle - RV" ->
// "vehicle".
std::string first_variant(std::string text) {
  text = std::string(trimmed(text));
  if (const std::size_t close = text.find(')');
      text.starts_with('(') && close != std::string::npos && close + 1 < text.size()) {
    text.erase(close, 1);
    text.erase(0, 1);
  }
  for (std::size_t open = text.find('('); open != std::string::npos && open > 0; open = text.find('('))
    text.resize(open);
  for (const std::string_view cut : {" - ", "/", "|"})
    if (const std::size_t at = text.find(cut); at != std::string::npos && at > 0) text.resize(at);
  std::string single;
  for (const char c : trimmed(text)) {
    const char plain = c == '\t' || c == '\n' || c == '\r' ? ' ' : c;
    if (plain != ' ' || !single.ends_with(' ')) single += plain;
  }
  return single;
}

bool starts_with_word(std::string_view lower, std::string_view word) {
  return lower.size() > word.size() && lower.starts_with(word) && lower[word.size()] == ' ';
}

bool contains_word(std::string_view lower, std::string_view word) {
  return (" " + std::string(lower) + " ").find(" " + std::string(word) + " ") != std::string::npos;
}

// Is it a whole sentence: "what's your name", "I don't know", "don't touch", "noise is disturbing me"?
bool is_sentence(std::string_view lower) {
  if (lower.find(' ') == std::string_view::npos) return false;
  for (const std::string_view start :
       {"i",        "i'm",       "i'd",       "i'll",   "i've",   "you",       "you're",  "he",
        "she",      "it",        "it's",      "we",     "we're",  "they",      "they're", "that's",
        "what's",   "who's",     "where's",   "how's",  "do not", "don't",     "not",     "what is",
        "what are", "where is",  "where are", "who is", "how is", "how are",   "let's",   "can i",
        "can you",  "could you", "may i",     "me",     "so do",  "neither do"})
    if (starts_with_word(lower, start)) return true;
  for (const std::string_view verb : {"is", "are", "am", "was", "isn't", "aren't"})
    if (contains_word(lower, verb) && !starts_with_word(lower, verb)) return true;
  return false;
}

std::string capital_i(std::string text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts = i == 0 || text[i - 1] == ' ';
    const bool ends = i + 1 == text.size() || text[i + 1] == ' ' || text[i + 1] == '\'';
    if (text[i] == 'i' && starts && ends) text[i] = 'I';
  }
  return text;
}

void set_noun(Word& word) {
  word.role = Role::kNoun;
  word.plural = word.has("plural") && word.form("plural")->empty() ? true : english::is_plural(word.text);
  if (word.has("pair")) word.plural = true;
  if (const std::string* plural = word.form("plural"); plural != nullptr && !plural->empty())
    word.plural = *plural == word.text;
  word.mass = word.has("mass") || (!word.plural && english::is_mass(word.text));
  if (word.has("mass")) word.plural = false;
  word.name = word.has("name") || english::is_name(word.text);
  word.the = word.has("the");
  const std::string category = word.entry == nullptr ? "" : lower_case(word.entry->category);
  word.noun_class = english::class_of(word.text);
  if (word.has("person"))
    word.noun_class = category == "animals" ? english::NounClass::kAnimal : english::NounClass::kPerson;
  word.portion = word.mass && (english::is_portion(word.text) || category.find("food") != std::string::npos ||
                               category.find("drink") != std::string::npos);
  if (word.noun_class == english::NounClass::kThing) {
    if (category == "people" || category == "family" || category == "jobs" || category == "person")
      word.noun_class = english::NounClass::kPerson;
    if (category == "animals") word.noun_class = english::NounClass::kAnimal;
    if (category == "places") word.noun_class = english::NounClass::kPlace;
  }
}

void set_pronoun(Word& word, const Pronoun& pronoun) {
  word.role = Role::kPronoun;
  word.pronoun = &pronoun;
  word.plural = pronoun.plural;
  word.noun_class = pronoun.subject == "it" ? english::NounClass::kThing : english::NounClass::kPerson;
}

const Pronoun* absolute_of(std::string_view lower) {
  for (const Pronoun& pronoun : kPronouns)
    if (lower == pronoun.absolute && pronoun.absolute != pronoun.possessive) return &pronoun;
  return nullptr;
}

int tense_of(const std::string& time) {
  if (listed("|tomorrow|tonight|soon|later|in the future|next week|the day after tomorrow|day after tomorrow|", time))
    return 1;
  return listed("|yesterday|last night|last week|in the past|the day before yesterday|day before yesterday|", time) ? -1
                                                                                                                    : 0;
}

// A word of the closed classes. Some have another life as a noun or a verb on a board: those are told by their type.
bool set_function_word(Word& word, const std::string& lower, IconType type) {
  const auto found = function_words().find(lower);
  if (found == function_words().end()) return false;
  const Role role = found->second->role;
  if (type == IconType::kVerb && role != Role::kPhrase && role != Role::kInterjection && role != Role::kLets)
    return false;
  if (type == IconType::kPreposition && role != Role::kPlace && role != Role::kConjunction &&
      role != Role::kPreposition && role != Role::kTime)
    return false;
  if (lower == "past" && type != IconType::kAdjective && type != IconType::kPreposition) return false;
  if (lower == "like" && type != IconType::kPreposition) return false;
  if (role == Role::kPreposition && type == IconType::kNoun && lower.size() > 3 && word.entry != nullptr &&
      word.entry->icon.type != IconType::kPreposition)
    return false;
  word.role = role;
  word.text = role == Role::kPhrase || role == Role::kInterjection ? capital_i(lower) : lower;
  word.count = found->second->count;
  word.tense = tense_of(lower);
  if (role == Role::kPossessive)
    for (const Pronoun& pronoun : kPronouns)
      if (lower == pronoun.possessive) word.pronoun = &pronoun;
  if (lower == "lets" || lower == "let us") word.text = "let's";
  if (lower == "a lot of") word.text = "a lot";
  if (lower == "lots of") word.text = "lots";
  return true;
}

// A verb that a board files as a quality: "go on a trip", "evacuate".
bool is_verb_phrase(const std::string& lower, const Lexicon& lexicon) {
  static const WordList kVerbs = "|go|get|do|make|take|play|put|give|evacuate|";
  const std::string first(english::first_word(lower));
  return listed(kVerbs, first) && (first != lower || lower == "evacuate") &&
         lexicon.find(lower, IconType::kAdjective) == nullptr;
}

// A quality that a board files as a noun: "subdued", "complicated".
bool is_participle(const std::string& lower) {
  static const WordList kNouns =
      "|hundred|newlywed|married|moped|airbed|sunbed|flowerbed|hotbed|watershed|naked|seabed|feed|speed|breed|";
  return lower.size() > 6 && lower.ends_with("ed") && lower.find(' ') == std::string::npos && !listed(kNouns, lower);
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of(kNumbers) == std::string_view::npos;
}

bool set_by_lexicon(Word& word) {
  if (const std::string* time = word.form("time")) {
    word.role = *time == "frequency" ? Role::kFrequency : Role::kTime;
    word.tense = *time == "past" ? -1 : *time == "future" ? 1 : 0;
    return true;
  }
  if (word.has("conjunction")) {
    word.role = Role::kConjunction;
    return true;
  }
  static constexpr std::pair<std::string_view, Role> kKeys[] = {
      {"phrase", Role::kPhrase}, {"place", Role::kPlace},       {"manner", Role::kManner},
      {"degree", Role::kDegree}, {"number", Role::kDeterminer}, {"determiner", Role::kDeterminer},
      {"question", Role::kWh}};
  for (const auto& [key, role] : kKeys)
    if (word.has(key)) {
      word.role = role;
      if (role == Role::kDeterminer)
        word.count = (key == "number" && word.text != "one") || word.has("plural") ? Count::kMany : Count::kAny;
      if (role == Role::kDeterminer && word.has("of") && !word.text.ends_with(" of")) word.text += " of";
      return true;
    }
  return false;
}

// "for me", "exactly ten o'clock": said as it is.
bool set_adverbial(Word& word, const std::string& lower, IconType type) {
  if (type == IconType::kVerb || word.entry != nullptr) return false;
  if (lower.find("o'clock") != std::string::npos) {
    word.role = Role::kTime;
    word.text = (lower.starts_with("at ") ? "" : "at ") + word.text;
    return true;
  }
  const auto first = function_words().find(english::first_word(lower));
  const bool phrase = lower.find(' ') != std::string::npos && first != function_words().end() &&
                      first->second->role == Role::kPreposition;
  if (phrase) word.role = Role::kManner;
  return phrase;
}

void set_verb(Word& word) {
  word.text = english::plain_form(word.text);
  const std::string lower = lower_case(word.text);
  word.role = listed(kModals, lower) ? Role::kModal : Role::kVerb;
  if (!word.text.empty() && lower != "RGN") word.text[0] = lower[0];
}

void set_adjective(Word& word, const std::string& lower) {
  word.role = Role::kAdjective;
  if (is_number(lower)) {
    word.role = Role::kDeterminer;
    word.count = lower == "1" ? Count::kOne : Count::kMany;
    return;
  }
  if (word.entry == nullptr && english::is_noun(word.text)) set_noun(word);
}

Role role_of_type(IconType type) {
  switch (type) {
    case IconType::kDot: return Role::kDot;
    case IconType::kQuestion: return Role::kQuestion;
    case IconType::kTensePast: return Role::kPast;
    case IconType::kTenseFuture: return Role::kFuture;
    case IconType::kNegated: return Role::kNot;
    default: return Role::kNoun;
  }
}

}  // namespace

const Pronoun* pronoun_of(std::string_view form) {
  for (const Pronoun& pronoun : kPronouns)
    if (form == lower_case(pronoun.subject) || form == pronoun.object || form == pronoun.reflexive ||
        form == pronoun.subject)
      return &pronoun;
  return nullptr;
}

Word word_of(const Icon& icon, const Lexicon& lexicon) {
  Word word;
  word.entry = lexicon.find(icon.word, icon.type);
  if (word.entry == nullptr) word.entry = lexicon.find(icon.word);
  word.role = role_of_type(icon.type);
  word.text = first_variant(icon.word);
  if (word.role != Role::kNoun) return word;
  word.clitic = icon.type == IconType::kCliticPronoun;
  std::string lower = lower_case(word.text);
  if (lower.size() > 3 && lower.starts_with("to ") && icon.type != IconType::kAdjective) {
    set_verb(word);
    return word;
  }
  const bool shouted = word.text.ends_with('!') || word.text.ends_with('?') || word.text.ends_with('.');
  std::string bare = lower;
  while (!bare.empty() && (bare.back() == '?' || bare.back() == ' ')) bare.pop_back();
  if (const auto found = function_words().find(bare);
      shouted && found != function_words().end() && found->second->role == Role::kWh) {
    word.role = Role::kWh;
    word.text = bare;
    return word;
  }
  if (shouted || is_sentence(lower) || word.has("phrase")) {
    word.role = Role::kPhrase;
    word.text = capital_i(word.text);
    if (function_words().contains(lower)) set_function_word(word, lower, icon.type);
    return word;
  }
  if (const Pronoun* pronoun = pronoun_of(lower);
      pronoun != nullptr && icon.type != IconType::kVerb && !(lower == "her" && icon.type == IconType::kAdjective)) {
    set_pronoun(word, *pronoun);
    word.clitic |= lower != lower_case(pronoun->subject);
    word.reflexive = lower == pronoun->reflexive && lower != "myself";
    return word;
  }
  if (lower == "her" || lower == "his/her") {
    word.role = Role::kPossessive;
    word.pronoun = pronoun_of("she");
    return word;
  }
  if (const Pronoun* pronoun = absolute_of(lower)) {
    set_pronoun(word, *pronoun);
    word.absolute = word.clitic = true;
    word.noun_class = english::NounClass::kThing;
    return word;
  }
  if (set_function_word(word, lower, icon.type) || set_by_lexicon(word) || set_adverbial(word, lower, icon.type))
    return word;
  if (word.entry == nullptr && (lower == "none" || lower == "neither")) {
    word.name = word.mass = true;
  } else if (icon.type == IconType::kVerb) {
    set_verb(word);
  } else if (icon.type == IconType::kPreposition) {
    word.role = Role::kPreposition;
  } else if (icon.type == IconType::kAdjective && is_verb_phrase(lower, lexicon)) {
    set_verb(word);
  } else if (icon.type == IconType::kAdjective || is_number(lower) || (word.entry == nullptr && is_participle(lower))) {
    set_adjective(word, lower);
  } else {
    set_noun(word);
  }
  return word;
}

Word word_of_pronoun(const Pronoun& pronoun, bool object) {
  Word word;
  set_pronoun(word, pronoun);
  word.text = pronoun.subject;
  word.clitic = object;
  return word;
}

std::string plural_form(const Word& noun) {
  if (noun.plural || noun.mass) return noun.text;
  if (const std::string* form = noun.form("plural"); form != nullptr && !form->empty()) return *form;
  return english::plural_of(noun.text);
}

std::string third_form(const Word& verb) {
  return verb.has("third") ? *verb.form("third") : english::third_person(verb.text);
}
std::string past_form(const Word& verb) { return verb.has("past") ? *verb.form("past") : english::past(verb.text); }
std::string participle_form(const Word& verb) {
  if (verb.has("participle")) return *verb.form("participle");
  return verb.has("past") && english::past(verb.text) != *verb.form("past") ? *verb.form("past")
                                                                            : english::participle(verb.text);
}
std::string ing_form(const Word& verb) { return verb.has("ing") ? *verb.form("ing") : english::gerund(verb.text); }

namespace {

const WordList kTo =
    "|want|need|like|love|hate|prefer|hope|try|learn|start|begin|decide|plan|forget|remember|refuse|wish|have|choose|"
    "offer|ask|tell|teach|allow|invite|remind|promise|agree|expect|wait|"
    "would like|get ready|be able|continue|intend|manage|pretend|dare|have got|";
const WordList kGerund =
    "|finish|stop|enjoy|keep|mind|practise|practice|dislike|feel like|fancy|give up|imagine|avoid|keep on|hate|can't "
    "stand|";
const WordList kBare = "|let|make|see|hear|watch|feel|notice|help|";
const WordList kReports = "|know|think|say|hope|believe|guess|";
const WordList kTwo =
    "|give|show|tell|bring|send|read|buy|offer|pass|teach|lend|sell|write|get|throw|cook|hand|feed|owe|ask|";
const WordList kState =
    "|want|like|love|need|know|have|hate|believe|understand|prefer|wish|think|feel|hope|dislike|see|hear|remember|"
    "forget|miss|mean|feel like|enjoy|feel sick|"
    "feel dizzy|suffer|hurt|fear|agree|would like|";
const WordList kMotion =
    "|go|come|walk|run|drive|travel|return|move|march|go back|come back|go out|get|stroll|hurry|escape|";
const WordList kIntransitive =
    "|go|come|arrive|sleep|swim|dance|walk|run|jump|laugh|smile|cry|sneeze|cough|live|stay|wait|fall|sit|stand|work|"
    "talk|speak|listen|look|rest|happen|die|"
    "travel|snore|shout|rain|snow|disappear|appear|cooperate|chat|wink|yawn|breathe|dream|think|belong|agree|point|"
    "wave|stroll|frolic|march|lie|kneel|crawl|sweat|"
    "bleed|vomit|faint|relax|play|argue|exercise|cloud|thunder|sit down|stand up|wake up|get up|lie "
    "down|descend|stumble|slip|ski|skate|sail|camp|fish|shop|"
    "worry|complain|knock|hurry|return|go out|come back|go back|pee|piss|urinate|poo|grow up|calm "
    "down|act|sunbathe|shiver|tremble|whisper|scream|yell|telephone|";
const WordList kGeneric = "|like|love|hate|prefer|dislike|enjoy|collect|fear|";
const WordList kWeather = "|rain|snow|thunder|hail|drizzle|freeze|cloud over|be sunny|";
const WordList kOfThe =
    "|open|close|shut|lock|unlock|turn on|turn off|switch on|switch off|plug in|turn up|turn "
    "down|answer|clear|lay|set|";
const WordList kOfBody =
    "|brush|wash|comb|dry|clean|hurt|break|cut|move|shake|raise|lift|bend|scratch|rub|wipe|blow|hold|";
const WordList kBody =
    "|head|face|hair|forehead|ear|ears|eye|eyes|nose|mouth|lip|lips|tooth|teeth|tongue|chin|cheek|cheeks|neck|throat|"
    "shoulder|shoulders|arm|arms|elbow|hand|hands|finger|"
    "fingers|thumb|nail|nails|chest|tummy|stomach|belly|belly "
    "button|back|bottom|hip|hips|leg|legs|knee|knees|foot|feet|ankle|toe|toes|heel|skin|";
const WordList kGoing = "|swim|shop|dance|ski|fish|camp|bowl|skate|sail|climb|jog|hike|cycle|sunbathe|run|walk|ride|";

constexpr std::pair<std::string_view, std::string_view> kVerbPrepositions[] = {
    {"listen", "to"}, {"look", "at"},     {"wait", "for"},     {"talk", "to"},        {"speak", "to"},
    {"laugh", "at"},  {"smile", "at"},    {"point", "at"},     {"think", "about"},    {"dream", "about"},
    {"sit", "on"},    {"sit down", "on"}, {"lie", "on"},       {"lie down", "on"},    {"stand", "on"},
    {"kneel", "on"},  {"sleep", "in"},    {"live", "in"},      {"arrive", "at"},      {"chat", "to"},
    {"knock", "on"},  {"belong", "to"},   {"worry", "about"},  {"complain", "about"}, {"wink", "at"},
    {"shout", "at"},  {"scream", "at"},   {"yell", "at"},      {"wave", "at"},        {"whisper", "to"},
    {"fall", "on"},   {"stay", "with"},   {"apologise", "to"}, {"go", "with"},        {"search", "for"},
    {"care", "for"},  {"cry", "about"},   {"die", "of"},       {"pee", "on"},         {"shop", "for"},
};

const WordList kMind =
    "|happy|sad|tired|exhausted|hungry|thirsty|ill|sick|angry|cross|annoyed|scared|afraid|frightened|bored|excited|"
    "nervous|worried|surprised|ashamed|depressed|lonely|"
    "sorry|ready|dizzy|furious|unhappy|content|glad|proud|embarrassed|jealous|upset|confused|sleepy|full|fine|well|"
    "better|busy|stressed|shy|alone|in pain|"
    "in love|unwell|poorly|drunk|calm|relaxed|satisfied|disappointed|shocked|pleased|dressed|";
const WordList kCommands = "|quiet|careful|patient|nice|kind|polite|good|gentle|brave|";
const WordList kPlacePrepositions =
    "|in|on|at|under|behind|near|next to|beside|between|in front of|on top "
    "of|below|above|inside|outside|over|underneath|against|around|among|opposite|across|close to|far from|";

}  // namespace

bool takes_to(const Word& verb) { return verb.has("to") || listed(kTo, verb.text); }
bool takes_gerund(const Word& verb) { return listed(kGerund, verb.text); }
bool takes_bare(const Word& verb) { return (verb.has("bare") && verb.role == Role::kVerb) || listed(kBare, verb.text); }
bool reports(const Word& verb) { return listed(kReports, verb.text); }
bool knows(const Word& verb) { return listed("|know|remember|forget|understand|wonder|guess|", verb.text); }
bool takes_two(const Word& verb) { return listed(kTwo, verb.text); }
bool is_state(const Word& verb) { return listed(kState, verb.text); }
bool is_motion(const Word& verb) { return listed(kMotion, verb.text); }
bool is_generic(const Word& verb) { return listed(kGeneric, verb.text); }
bool is_weather(const Word& verb) { return listed(kWeather, verb.text); }
bool is_of_the(const Word& verb) { return listed(kOfThe, verb.text); }
bool is_of_body(const Word& verb) { return listed(kOfBody, verb.text); }
bool is_body_part(const Word& noun) { return noun.role == Role::kNoun && listed(kBody, noun.text); }
bool goes_doing(const Word& verb) { return listed(kGoing, verb.text); }

bool is_intransitive(const Word& verb) {
  if (verb.has("intransitive") || listed(kIntransitive, verb.text)) return true;
  if (verb.text.find(' ') == std::string::npos) return false;
  static const WordList kOpen =
      "|up|down|out|off|on|away|in|over|back|together|around|about|with|at|to|for|from|of|like|into|ready|after|";
  return !listed(kOpen, lower_case(english::last_word(verb.text)));
}

std::string_view preposition_of(const Word& verb) {
  if (const std::string* preposition = verb.form("preposition")) return *preposition;
  for (const auto& [plain, preposition] : kVerbPrepositions)
    if (verb.is(plain)) return preposition;
  return is_intransitive(verb) ? "with" : "";
}

bool is_state_of_mind(const Word& adjective) { return listed(kMind, lower_case(adjective.text)); }
bool is_command(const Word& adjective) { return listed(kCommands, lower_case(adjective.text)); }
bool is_negative(const Word& word) {
  return listed("|never|nobody|nothing|no one|none|neither|", lower_case(word.text)) &&
         (word.role == Role::kNoun || word.role == Role::kFrequency);
}
bool is_proper(const Word& noun) {
  return noun.role == Role::kNoun && noun.name && (noun.alive() || (noun.text[0] >= 'A' && noun.text[0] <= 'Z'));
}
bool is_place_preposition(std::string_view preposition) { return listed(kPlacePrepositions, preposition); }

}  // namespace aacft
