#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "aacft/english/english.h"
#include "aacft/english/spelling.h"

namespace aacft::english {
namespace {

struct Irregular {
  std::string_view plain, past, participle;
};

// clang-format off
constexpr Irregular kIrregular[] = {
    {"arise", "arose", "arisen"}, {"awake", "awoke", "awoken"}, {"be", "was", "been"}, {"bear", "bore", "borne"},
    {"beat", "beat", "beaten"}, {"become", "became", "become"}, {"begin", "began", "begun"}, {"bend", "bent", "bent"},
    {"bet", "bet", "bet"}, {"bind", "bound", "bound"}, {"bite", "bit", "bitten"}, {"bleed", "bled", "bled"},
    {"blow", "blew", "blown"}, {"break", "broke", "broken"}, {"breed", "bred", "bred"}, {"bring", "brought", "brought"},
    {"broadcast", "broadcast", "broadcast"}, {"build", "built", "built"}, {"burst", "burst", "burst"}, {"buy", "bought", "bought"},
    {"cast", "cast", "cast"}, {"catch", "caught", "caught"}, {"choose", "chose", "chosen"}, {"cling", "clung", "clung"},
    {"come", "came", "come"}, {"cost", "cost", "cost"}, {"creep", "crept", "crept"}, {"cut", "cut", "cut"},
    {"deal", "dealt", "dealt"}, {"dig", "dug", "dug"}, {"do", "did", "done"}, {"draw", "drew", "drawn"},
    {"dream", "dreamt", "dreamt"}, {"drink", "drank", "drunk"}, {"drive", "drove", "driven"}, {"eat", "ate", "eaten"},
    {"fall", "fell", "fallen"}, {"feed", "fed", "fed"}, {"feel", "felt", "felt"}, {"fight", "fought", "fought"},
    {"find", "found", "found"}, {"flee", "fled", "fled"}, {"fling", "flung", "flung"}, {"fly", "flew", "flown"},
    {"forbid", "forbade", "forbidden"}, {"foresee", "foresaw", "foreseen"}, {"forget", "forgot", "forgotten"},
    {"forgive", "forgave", "forgiven"}, {"freeze", "froze", "frozen"}, {"get", "got", "got"}, {"give", "gave", "given"},
    {"go", "went", "gone"}, {"grind", "ground", "ground"}, {"grow", "grew", "grown"}, {"hang", "hung", "hung"},
    {"have", "had", "had"}, {"hear", "heard", "heard"}, {"hide", "hid", "hidden"}, {"hit", "hit", "hit"},
    {"hold", "held", "held"}, {"hurt", "hurt", "hurt"}, {"keep", "kept", "kept"}, {"kneel", "knelt", "knelt"},
    {"knit", "knitted", "knitted"}, {"know", "knew", "known"}, {"lay", "laid", "laid"}, {"lead", "led", "led"},
    {"lean", "leant", "leant"}, {"leap", "leapt", "leapt"}, {"learn", "learnt", "learnt"}, {"leave", "left", "left"},
    {"lend", "lent", "lent"}, {"let", "let", "let"}, {"lie", "lay", "lain"}, {"light", "lit", "lit"},
    {"lose", "lost", "lost"}, {"make", "made", "made"}, {"mean", "meant", "meant"}, {"meet", "met", "met"},
    {"mislead", "misled", "misled"}, {"mistake", "mistook", "mistaken"}, {"misunderstand", "misunderstood", "misunderstood"},
    {"mow", "mowed", "mown"}, {"outgrow", "outgrew", "outgrown"}, {"overcome", "overcame", "overcome"}, {"overhear", "overheard", "overheard"},
    {"oversleep", "overslept", "overslept"}, {"overtake", "overtook", "overtaken"}, {"pay", "paid", "paid"}, {"prove", "proved", "proven"},
    {"put", "put", "put"}, {"quit", "quit", "quit"}, {"read", "read", "read"}, {"rebuild", "rebuilt", "rebuilt"},
    {"redo", "redid", "redone"}, {"rewrite", "rewrote", "rewritten"}, {"repay", "repaid", "repaid"}, {"rid", "rid", "rid"},
    {"ride", "rode", "ridden"}, {"ring", "rang", "rung"}, {"rise", "rose", "risen"}, {"run", "ran", "run"},
    {"saw", "sawed", "sawn"}, {"say", "said", "said"}, {"see", "saw", "seen"}, {"seek", "sought", "sought"},
    {"sell", "sold", "sold"}, {"send", "sent", "sent"}, {"set", "set", "set"}, {"sew", "sewed", "sewn"},
    {"shake", "shook", "shaken"}, {"shear", "sheared", "shorn"}, {"shed", "shed", "shed"}, {"shine", "shone", "shone"},
    {"shoot", "shot", "shot"}, {"show", "showed", "shown"}, {"shrink", "shrank", "shrunk"}, {"shut", "shut", "shut"},
    {"sing", "sang", "sung"}, {"sink", "sank", "sunk"}, {"sit", "sat", "sat"}, {"sleep", "slept", "slept"},
    {"slide", "slid", "slid"}, {"sling", "slung", "slung"}, {"slit", "slit", "slit"}, {"smell", "smelt", "smelt"},
    {"sow", "sowed", "sown"}, {"speak", "spoke", "spoken"}, {"speed", "sped", "sped"}, {"spell", "spelt", "spelt"},
    {"spend", "spent", "spent"}, {"spill", "spilt", "spilt"}, {"spin", "spun", "spun"}, {"spit", "spat", "spat"},
    {"split", "split", "split"}, {"spoil", "spoilt", "spoilt"}, {"spread", "spread", "spread"}, {"spring", "sprang", "sprung"},
    {"stand", "stood", "stood"}, {"steal", "stole", "stolen"}, {"stick", "stuck", "stuck"}, {"sting", "stung", "stung"},
    {"stink", "stank", "stunk"}, {"stride", "strode", "stridden"}, {"strike", "struck", "struck"}, {"string", "strung", "strung"},
    {"strive", "strove", "striven"}, {"swear", "swore", "sworn"}, {"sweep", "swept", "swept"}, {"swell", "swelled", "swollen"},
    {"swim", "swam", "swum"}, {"swing", "swung", "swung"}, {"take", "took", "taken"}, {"teach", "taught", "taught"},
    {"tear", "tore", "torn"}, {"tell", "told", "told"}, {"think", "thought", "thought"}, {"throw", "threw", "thrown"},
    {"thrust", "thrust", "thrust"}, {"tread", "trod", "trodden"}, {"undergo", "underwent", "undergone"},
    {"understand", "understood", "understood"}, {"undertake", "undertook", "undertaken"}, {"undo", "undid", "undone"},
    {"unwind", "unwound", "unwound"}, {"uphold", "upheld", "upheld"}, {"upset", "upset", "upset"}, {"wake", "woke", "woken"},
    {"wear", "wore", "worn"}, {"weave", "wove", "woven"}, {"weep", "wept", "wept"}, {"win", "won", "won"},
    {"wind", "wound", "wound"}, {"withdraw", "withdrew", "withdrawn"}, {"withstand", "withstood", "withstood"},
    {"wring", "wrung", "wrung"}, {"write", "wrote", "written"},
    // Regular, were it not for the doubled letter after a vowel without stress, or the k of -ic.
    {"picnic", "picnicked", "picnicked"}, {"panic", "panicked", "panicked"}, {"mimic", "mimicked", "mimicked"},
};
// clang-format on

// Stress on the last syllable, or one syllable more than the spelling shows: the last consonant is doubled all the
// same.
// clang-format off
const std::unordered_set<std::string_view> kDoubling = {
    "admit",  "begin",  "commit", "compel",  "control", "deter",  "equip", "excel",  "expel",  "forbid", "forget", "kidnap", "occur",
    "omit",   "outrun", "patrol", "permit",  "prefer",  "propel", "quit",  "quiz",   "rebel",  "recur",  "refer",  "regret", "repel",
    "rerun",  "reset",  "submit", "transfer", "transmit", "unplug", "unwrap", "unzip", "upset", "worship",
    // British: l is doubled without stress, too.
    "cancel", "channel", "dial", "equal", "fuel", "label", "level", "marvel", "model", "quarrel", "signal", "total", "travel", "tunnel"};

constexpr std::pair<std::string_view, std::string_view> kForms[] = {
    {"is", "be"},   {"are", "be"},   {"am", "be"},    {"being", "be"}, {"been", "be"}, {"has", "have"}, {"having", "have"},
    {"does", "do"}, {"doing", "do"}, {"goes", "go"},  {"going", "go"}, {"dying", "die"}, {"lying", "lie"}, {"tying", "tie"},
};
// clang-format on

// Plain forms that end in -ing.
const std::unordered_set<std::string_view> kPlainIng = {"bring", "cling",  "fling", "ping",   "ring",  "sing",
                                                        "sling", "spring", "sting", "string", "swing", "wing",
                                                        "wring", "king",   "ding",  "zing"};

const Irregular* irregular(std::string_view verb) {
  static const auto* const by_plain = [] {
    auto* map = new std::unordered_map<std::string_view, const Irregular*>;
    for (const Irregular& entry : kIrregular) map->emplace(entry.plain, &entry);
    return map;
  }();
  const auto found = by_plain->find(verb);
  return found == by_plain->end() ? nullptr : found->second;
}

// stop -> stopp, cry -> cri (before -ed), bake -> bak.
bool doubles_last(std::string_view verb) {
  if (kDoubling.contains(verb)) return true;
  const std::size_t n = verb.size();
  if (n < 2 || !is_consonant(verb[n - 1]) || !is_vowel(verb[n - 2])) return false;
  if (verb[n - 1] == 'w' || verb[n - 1] == 'x' || verb[n - 1] == 'y') return false;
  if (n >= 3 && is_vowel(verb[n - 3]) && !(verb[n - 3] == 'u' && n >= 4 && verb[n - 4] == 'q')) return false;
  const std::size_t hyphen = verb.rfind('-');
  return vowel_groups(hyphen == std::string_view::npos ? verb : verb.substr(hyphen + 1)) == 1;
}

std::string with_ed(std::string_view verb) {
  std::string stem(verb);
  if (stem.ends_with('e')) return stem + "d";
  if (stem.ends_with('y') && stem.size() > 1 && is_consonant(stem[stem.size() - 2]))
    return stem.substr(0, stem.size() - 1) + "ied";
  if (doubles_last(verb)) stem += stem.back();
  return stem + "ed";
}

std::string with_ing(std::string_view verb) {
  std::string stem(verb);
  if (irregular(verb) != nullptr && irregular(verb)->past.ends_with("cked") && stem.ends_with('c'))
    return stem + "king";
  if (stem.ends_with("ie")) return stem.substr(0, stem.size() - 2) + "ying";
  const bool keeps_e = stem.ends_with("ee") || stem.ends_with("oe") || stem.ends_with("ye") || stem == "be" ||
                       stem == "singe" || stem == "age";
  if (stem.ends_with('e') && stem.size() > 2 && !keeps_e) return stem.substr(0, stem.size() - 1) + "ing";
  if (doubles_last(verb)) stem += stem.back();
  return stem + "ing";
}

std::string with_s(std::string_view verb) {
  if (verb == "be") return "is";
  if (verb == "have") return "has";
  return with_plural_s(verb, true);
}

// What a verb of more than one word does at its first word and after " and ": "go and play" -> "went and played".
template <typename Inflect>
std::string at_heads(std::string_view verb, const Inflect& inflect) {
  std::string out;
  bool head = true;
  for (std::size_t start = 0; start <= verb.size();) {
    std::size_t end = verb.find(' ', start);
    if (end == std::string_view::npos) end = verb.size();
    const std::string_view word = verb.substr(start, end - start);
    if (start > 0) out += ' ';
    if (head && !word.empty()) {
      std::string lower = lower_case(word);
      out += inflect(lower);
    } else {
      out += word;
    }
    head = word == "and";
    start = end + 1;
  }
  return out;
}

std::string without_ing(const std::string& word) {
  std::string stem = word.substr(0, word.size() - 3);
  const std::size_t n = stem.size();
  if (n >= 3 && stem[n - 1] == stem[n - 2] && is_consonant(stem[n - 1]) && stem[n - 1] != 'l' && stem[n - 1] != 's')
    stem.pop_back();
  else if (n >= 2 && is_consonant(stem[n - 1]) && is_vowel(stem[n - 2]) && vowel_groups(stem) == 1 &&
           !doubles_last(stem))
    return stem;
  else if (n >= 2 && is_consonant(stem[n - 1]) && is_vowel(stem[n - 2]) && doubles_last(stem))
    stem += 'e';  // making -> make
  return stem;
}

}  // namespace

std::string third_person(std::string_view verb) {
  return at_heads(verb, [](const std::string& w) { return with_s(w); });
}

std::string past(std::string_view verb) {
  return at_heads(verb, [](const std::string& w) {
    return irregular(w) != nullptr ? std::string(irregular(w)->past) : with_ed(w);
  });
}

std::string participle(std::string_view verb) {
  return at_heads(verb, [](const std::string& w) {
    return irregular(w) != nullptr ? std::string(irregular(w)->participle) : with_ed(w);
  });
}

std::string gerund(std::string_view verb) {
  return at_heads(verb, [](const std::string& w) { return with_ing(w); });
}

std::string plain_form(std::string_view verb) {
  std::string text(verb);
  if (lower_case(text.substr(0, 3)) == "to ") text.erase(0, 3);
  const std::string first = lower_case(text.substr(0, text.find(' ')));
  const std::string rest = text.substr(std::min(first.size(), text.size()));
  for (const auto& [form, plain] : kForms)
    if (first == form) return std::string(plain) + rest;
  if (first.size() > 4 && first.ends_with("ing") && !kPlainIng.contains(first)) return without_ing(first) + rest;
  return text;
}

std::string adverb_of(std::string_view adjective) {
  static constexpr std::pair<std::string_view, std::string_view> kAdverbs[] = {{"quick", "quickly"},
                                                                               {"slow", "slowly"},
                                                                               {"loud", "loudly"},
                                                                               {"quiet", "quietly"},
                                                                               {"careful", "carefully"},
                                                                               {"good", "well"},
                                                                               {"bad", "badly"},
                                                                               {"easy", "easily"},
                                                                               {"gentle", "gently"},
                                                                               {"soft", "softly"},
                                                                               {"nice", "nicely"},
                                                                               {"happy", "happily"},
                                                                               {"angry", "angrily"},
                                                                               {"calm", "calmly"},
                                                                               {"swift", "swiftly"},
                                                                               {"clear", "clearly"},
                                                                               {"different", "differently"},
                                                                               {"fast", "fast"},
                                                                               {"hard", "hard"},
                                                                               {"early", "early"},
                                                                               {"late", "late"},
                                                                               {"high", "high"},
                                                                               {"low", "low"},
                                                                               {"simple", "simply"},
                                                                               {"beautiful", "beautifully"},
                                                                               {"alone", "alone"},
                                                                               {"prompt", "promptly"},
                                                                               {"noisy", "noisily"},
                                                                               {"strong", "strongly"}};
  for (const auto& [plain, adverb] : kAdverbs)
    if (adjective == plain) return std::string(adverb);
  return {};
}

}  // namespace aacft::english
