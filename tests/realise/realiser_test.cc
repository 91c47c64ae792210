#include "aacft/realise/realiser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "aacft/base/error.h"
#include "aacft/base/random.h"
#include "aacft/base/utf8.h"
#include "aacft/english/english.h"
#include "aacft/realise/icon_words.h"
#include "source_dir.h"

namespace aacft {
namespace {

const Lexicon& lexicon() {
  static const Lexicon lexicon =
      Lexicon::read(std::string(AACFT_SOURCE_DIR) + "/data/icons.tsv", [](const std::string&) {});
  return lexicon;
}

std::string draft(const std::string& words) { return realise(icons_of_words(words, lexicon()), lexicon()); }

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return c < 0x80 ? static_cast<char>(std::tolower(c)) : static_cast<char>(c); });
  return text;
}

TEST(Realiser, Cases) {
  std::ifstream file(std::string(AACFT_SOURCE_DIR) + "/tests/realise/realiser_cases.txt");
  std::string line;
  int cases = 0;
  while (std::getline(file, line)) {
    if (line.empty() || line[0] == '#') continue;
    const std::size_t arrow = line.find(" => ");
    ASSERT_NE(arrow, std::string::npos) << line;
    std::vector<std::string> unknown;
    EXPECT_EQ(realise(icons_of_words(line.substr(0, arrow), lexicon(), &unknown), lexicon()), line.substr(arrow + 4))
        << line;
    EXPECT_TRUE(unknown.empty()) << line << ": " << unknown[0];
    ++cases;
  }
  EXPECT_GE(cases, 250);
}

TEST(Realiser, WorksWithoutALexicon) {
  const Lexicon empty{std::vector<LexiconEntry>{}};
  const auto said = [&](const std::vector<Icon>& icons) { return realise(icons, empty); };
  EXPECT_EQ(said({{"I", IconType::kNoun, ""}, {"be", IconType::kVerb, ""}, {"behind", IconType::kAdjective, ""}}),
            "I am behind.");
  EXPECT_EQ(said({{"imam", IconType::kNoun, ""}, {"to run", IconType::kVerb, ""}}), "The imam runs.");
  EXPECT_EQ(said({{"blicket", IconType::kNoun, ""}}), "A blicket.");
  EXPECT_EQ(said({{"I", IconType::kNoun, ""},
                  {"past", IconType::kTensePast, ""},
                  {"glorp", IconType::kVerb, ""},
                  {"blicket", IconType::kNoun, ""}}),
            "I glorped a blicket.");
}

TEST(Realiser, FormsOfTheLexiconComeFirst) {
  const Icon see{"see", IconType::kVerb, ""}, wug{"wug", IconType::kNoun, ""}, zib{"zib", IconType::kVerb, ""},
      he{"he", IconType::kNoun, ""}, two{"two", IconType::kAdjective, ""};
  const Icon past{"past", IconType::kTensePast, ""}, be{"be", IconType::kVerb, ""};
  const auto with = [&](const Icon& icon, std::vector<std::pair<std::string, std::string>> forms) {
    LexiconEntry entry;
    entry.icon = icon;
    entry.forms = std::move(forms);
    return Lexicon(std::vector<LexiconEntry>{entry});
  };
  EXPECT_EQ(realise({he, see, wug}, with(wug, {})), "He sees a wug.");
  EXPECT_EQ(realise({he, see, two, wug}, with(wug, {{"plural", "wuggen"}})), "He sees two wuggen.");
  EXPECT_EQ(realise({he, see, wug}, with(wug, {{"mass", ""}})), "He sees wug.");
  EXPECT_EQ(realise({wug, see, he}, with(wug, {{"name", ""}, {"person", ""}})), "Wug sees him.");
  EXPECT_EQ(realise({he, see, wug}, with(wug, {{"the", ""}})), "He sees the wug.");
  EXPECT_EQ(realise({wug, be, {"red", IconType::kAdjective, ""}}, with(wug, {{"pair", ""}})), "The wug are red.");
  EXPECT_EQ(realise({he, past, zib}, with(zib, {{"past", "zab"}})), "He zab.");
  EXPECT_EQ(realise({he, zib}, with(zib, {{"third", "zibbeth"}})), "He zibbeth.");
  EXPECT_EQ(realise({he, be, zib}, with(zib, {{"ing", "zibbeling"}})), "He is zibbeling.");
  EXPECT_EQ(realise({he, zib, see, wug}, with(zib, {{"to", ""}})), "He zibs to see a wug.");
  EXPECT_EQ(realise({he, zib, wug}, with(zib, {{"intransitive", ""}})), "He zibs with a wug.");
  EXPECT_EQ(realise({wug}, with(wug, {{"phrase", ""}})), "Wug.");
}

TEST(Realiser, RefusesIconsWithoutWords) {
  EXPECT_THROW(realise({}, lexicon()), Error);
  EXPECT_THROW(realise({{"", IconType::kNoun, ""}}, lexicon()), Error);
  EXPECT_THROW(realise({{"  ", IconType::kVerb, ""}}, lexicon()), Error);
}

// Any of these forms at the start of a word of the sentence.
bool says(const std::string& sentence, const std::vector<std::string>& forms) {
  const std::string text = " " + lower(sentence);
  return std::any_of(forms.begin(), forms.end(), [&](const std::string& form) {
    for (std::size_t at = text.find(lower(form)); at != std::string::npos && !form.empty();
         at = text.find(lower(form), at + 1))
      if (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '-' || text[at - 1] == '\'')) return true;
    return false;
  });
}

std::vector<std::string> forms_of(const Icon& icon) {
  static const std::vector<std::pair<std::string, std::vector<std::string>>> kClosed = {
      {"be", {"be", "am", "is", "are", "was", "were", "isn't", "aren't", "wasn't", "weren't"}},
      {"can", {"can", "could", "able to"}},
      {"have", {"have", "has", "had", "having"}},
      {"I", {"I", "me", "my", "mine", "myself"}},
      {"me", {"me", "I", "my", "myself"}},
      {"you", {"you"}},
      {"he", {"he", "him", "his"}},
      {"him", {"he", "him", "his"}},
      {"she", {"she", "her"}},
      {"her", {"she", "her"}},
      {"it", {"it"}},
      {"we", {"we", "us", "our", "let's"}},
      {"us", {"we", "us", "our"}},
      {"they", {"they", "the"}},
      {"them", {"them", "they", "their"}},
      {"let's", {"let"}},
      {"myself", {"myself", "me", "my", "I"}},
      {"that", {"that", "those"}},
      {"this", {"this", "these"}},
      {"those", {"those", "that"}},
      {"these", {"these", "this"}},
      {"my", {"my", "mine", "I", "me"}},
      {"your", {"you"}},
      {"its", {"it"}},
      {"our", {"our", "we", "us"}},
      {"their", {"their", "they", "them"}},
      {"yourself", {"you"}},
      {"must", {"must", "have to", "had to"}},
      {"could", {"could", "able to"}},
      {"never", {"never", "ever"}},
      {"nobody", {"nobody", "anybody"}},
      {"nothing", {"nothing", "anything"}},
      {"his", {"his", "he", "him"}}};
  for (const auto& [word, forms] : kClosed)
    if (word == icon.word) return forms;
  if (icon.type == IconType::kVerb)
    return {icon.word, english::third_person(icon.word), english::past(icon.word), english::participle(icon.word),
            english::gerund(icon.word)};
  return {icon.word, english::plural_of(icon.word), english::adverb_of(icon.word)};
}

bool negates(const std::string& lower_text) {
  const auto has_word = [&](const std::string& word) {
    for (std::size_t at = 0; (at = lower_text.find(word, at)) != std::string::npos; at += word.size()) {
      const char before = at == 0 ? ' ' : lower_text[at - 1], after = (lower_text + ".")[at + word.size()];
      if (std::isalpha(static_cast<unsigned char>(before)) == 0 && std::isalpha(static_cast<unsigned char>(after)) == 0)
        return true;
    }
    return false;
  };
  return lower_text.find("n't") != std::string::npos || has_word("not") || has_word("no") || has_word("never") ||
         has_word("nobody") || has_word("nothing");
}

// What the sentence must show of an icon; "" where it does.
std::string missing(const std::vector<Icon>& icons, const std::string& sentence) {
  for (std::size_t i = 0; i < icons.size(); ++i) {
    const Icon& icon = icons[i];
    const std::string text = lower(sentence);
    bool shown = true;
    switch (icon.type) {
      case IconType::kDot:
        shown = sentence.find('.') != std::string::npos || sentence.find('?') != std::string::npos;
        break;
      case IconType::kQuestion: shown = sentence.find('?') != std::string::npos; break;
      case IconType::kNegated: shown = negates(text); break;
      case IconType::kTensePast:
        shown = says(text, {"did", "was", "were", "had", "could", "would", "past", "before", "have ", "like before"}) ||
                std::any_of(icons.begin(), icons.end(), [&](const Icon& verb) {
                  const LexiconEntry* entry = lexicon().find(verb.word, verb.type);
                  const std::string* past = entry == nullptr ? nullptr : entry->form("past");
                  return verb.type == IconType::kVerb &&
                         says(text, {past != nullptr ? *past : english::past(english::plain_form(verb.word))});
                });
        break;
      case IconType::kTenseFuture: shown = says(text, {"will", "won't", "would", "future", "later", "tomorrow"}); break;
      default: {
        std::vector<std::string> forms = forms_of(icon);
        if (const LexiconEntry* entry = lexicon().find(icon.word, icon.type))
          for (const auto& [key, form] : entry->forms) forms.push_back(form);
        const std::size_t space = icon.word.find(' ');
        if (icon.type == IconType::kVerb && space != std::string::npos)
          forms = {icon.word.substr(icon.word.rfind(' ') + 1)};
        if (icon.word == "lots of" || icon.word == "a lot of")
          forms.push_back(icon.word.substr(0, icon.word.size() - 3));
        if (icon.word == "much") forms.push_back("many");
        if (icon.word == "many") forms.push_back("much");
        if (icon.word == "less") forms.push_back("fewer");
        if (icon.word == "few" || icon.word == "a few") forms.push_back(icon.word == "few" ? "little" : "a little");
        shown = says(sentence, forms) || (icon.word == "no" && negates(text));
      }
    }
    if (!shown) return "icon " + std::to_string(i + 1) + ", " + icon.word + " " + std::string(name_of(icon.type));
  }
  return "";
}

std::string written(const std::vector<Icon>& icons) {
  std::string text;
  for (const Icon& icon : icons) text += (text.empty() ? "" : ", ") + icon.word + "/" + std::string(name_of(icon.type));
  return text;
}

bool well_formed(const std::string& sentence) {
  const unsigned char first = static_cast<unsigned char>(sentence[0]);
  const char last = sentence.back();
  return !(first >= 'a' && first <= 'z') && (last == '.' || last == '?' || last == '!') &&
         sentence.find("  ") == std::string::npos && valid_utf8(sentence);
}

// The law: no icon is dropped, whatever their order.
TEST(Realiser, EveryIconIsInTheSentence) {
  const auto& entries = lexicon().entries();
  std::vector<const LexiconEntry*> core;
  for (const LexiconEntry& entry : entries)
    if (entry.category == "pronouns" || entry.category == "grammar" || entry.category == "questions" ||
        entry.icon.word == "be" || entry.icon.word == "have" || entry.icon.word == "want" || entry.icon.word == "can")
      core.push_back(&entry);
  const RandomStream random(20230608, Purpose::kSampling);
  std::uint64_t draw = 0;
  const auto pick = [&](std::size_t size) { return static_cast<std::size_t>(random.bits(draw++)) % size; };
  int wrong = 0;
  for (int i = 0; i < 20000; ++i) {
    std::vector<Icon> icons;
    const std::size_t length = 1 + pick(8);
    while (icons.size() < length)
      icons.push_back(pick(2) == 0 ? core[pick(core.size())]->icon : entries[pick(entries.size())].icon);
    const std::string sentence = realise(icons, lexicon());
    const std::string lost = missing(icons, sentence);
    EXPECT_TRUE(well_formed(sentence)) << written(icons) << " => " << sentence;
    EXPECT_EQ(lost, "") << written(icons) << " => " << sentence;
    wrong += !lost.empty();
    ASSERT_LT(wrong, 20);
  }
}

// The law: a negation among the icons negates the sentence, wherever it stands, and is not spoken as an answer.
TEST(Realiser, NegationNegates) {
  std::vector<Icon> words;
  for (const LexiconEntry& entry : lexicon().entries())
    if (entry.form("phrase") == nullptr &&
        (entry.icon.type == IconType::kNoun || entry.icon.type == IconType::kVerb ||
         (entry.icon.type == IconType::kAdjective && entry.icon.word != "no")) &&
        entry.category != "expressions")
      words.push_back(entry.icon);
  const std::vector<Icon> negations = {icons_of_words("no", lexicon())[0], icons_of_words("no/NEGATED", lexicon())[0],
                                       icons_of_words("not", lexicon())[0], icons_of_words("don't", lexicon())[0]};
  const RandomStream random(20261201, Purpose::kSampling);
  std::uint64_t draw = 0;
  const auto pick = [&](std::size_t size) { return static_cast<std::size_t>(random.bits(draw++)) % size; };
  int wrong = 0;
  for (int i = 0; i < 20000; ++i) {
    std::vector<Icon> icons;
    const std::size_t length = 1 + pick(6);
    while (icons.size() < length) icons.push_back(words[pick(words.size())]);
    icons.insert(icons.begin() + static_cast<std::ptrdiff_t>(pick(length + 1)), negations[pick(negations.size())]);
    const std::string sentence = realise(icons, lexicon()), text = " " + lower(sentence);
    const bool answers = text.starts_with(" no,") || text.starts_with(" no.") ||
                         text.find(", no.") != std::string::npos || text.find(", no?") != std::string::npos ||
                         text.find(", no,") != std::string::npos || text.find(". no.") != std::string::npos;
    EXPECT_TRUE(negates(text) && !answers && well_formed(sentence)) << written(icons) << " => " << sentence;
    wrong += !negates(text) || answers;
    ASSERT_LT(wrong, 20);
  }
}

// The law: of two clauses, a negation is of the one in which it was tapped, and the other is said as it is alone.
TEST(Realiser, NegationStaysInItsClause) {
  const std::vector<std::string> subjects = {"I",    "you", "he",  "she",     "we",
                                             "they", "mum", "dad", "teacher", "my friend"};
  const std::vector<std::string> predicates = {"want tea", "happy",     "come",      "like dog",   "eat apple",
                                               "tired",    "can swim",  "want go",   "sleep/VERB", "read book",
                                               "here",     "see a cat", "go school", "future come"};
  struct Said {
    std::string icons, text;
  };
  const auto say = [&](const std::string& subject, bool negated) {
    std::vector<Said> said;
    for (const std::string& does : predicates) {
      const std::string icons = subject + (negated ? " no " : " ") + does;
      said.push_back({icons, draft(icons)});
    }
    return said;
  };
  int wrong = 0;
  const auto check = [&](const Said& a, const Said& b) {
    const std::string text = draft(a.icons + " " + b.icons);
    EXPECT_EQ(text, a.text + " " + b.text) << a.icons << " " << b.icons;
    wrong += text != a.text + " " + b.text;
  };
  for (const std::string& one : subjects)
    for (const std::string& other : subjects)
      for (const bool first : {true, false}) {
        if (one == other) continue;
        const std::vector<Said> says = say(one, first), says_too = say(other, !first);
        for (const Said& a : says)
          for (const Said& b : says_too) check(a, b);
        ASSERT_LT(wrong, 20);
      }
}

// Of `count` prompts of two or three clauses, whatever is negated, by which word and in which tense: the drafts of the
// clauses alone, one after the other.
TEST(Realiser, ClausesAreSaidAsTheyAreAlone) {
  const std::vector<std::string> subjects = {"I",   "you", "he",  "she",       "we",      "they",     "it",
                                             "mum", "dad", "dog", "my friend", "teacher", "that boy", "nobody"};
  const std::vector<std::string> predicates = {
      "work",      "drink tea",    "play",      "love you",    "hurt me",  "be happy",    "happy",     "be my friend",
      "eat apple", "go home",      "stay here", "come",        "want tea", "like school", "have dog",  "sad",
      "can swim",  "want go home", "see cat",   "cook dinner", "here",     "walk",        "go school", "like it",
      "help me",   "read book",    "sleep",     "tired",       "listen"};
  const std::vector<std::string> negations = {"", "", "no ", "not ", "don't ", "never ", "past no ", "future no "};
  const RandomStream random(20261202, Purpose::kSampling);
  std::uint64_t draws = 0;
  const auto pick = [&](const std::vector<std::string>& from) {
    return from[static_cast<std::size_t>(random.bits(draws++)) % from.size()];
  };
  int wrong = 0, negated = 0;
  for (int i = 0; i < 8000; ++i) {
    std::string icons, alone;
    bool negates = false;
    for (std::size_t clauses = 2 + random.bits(draws++) % 2; clauses > 0; --clauses) {
      const std::string negation = pick(negations);
      const std::string clause = pick(subjects) + " " + negation + pick(predicates);
      negates |= !negation.empty();
      icons += (icons.empty() ? "" : " ") + clause;
      alone += (alone.empty() ? "" : " ") + draft(clause);
    }
    if (!negates) continue;
    ++negated;
    EXPECT_EQ(draft(icons), alone) << icons;
    wrong += draft(icons) != alone;
    ASSERT_LT(wrong, 20);
  }
  EXPECT_GT(negated, 6000);
}

// The law: what "no" sets against a whole clause takes nothing back of it.
TEST(Realiser, ContrastLeavesItsClause) {
  const std::vector<std::string> clauses = {"I want tea", "I want go home", "mum here",      "he come home",
                                            "I go out",   "I want it here", "I see dog",     "I go with mum",
                                            "I happy",    "we go park",     "look at me",    "sit here",
                                            "I like him", "I eat now",      "I past go home"};
  const std::vector<std::pair<std::string, std::string>> others = {
      {"no school", "no school"},  {"no coffee", "no coffee"}, {"no dad", "not dad"},      {"not dad", "not dad"},
      {"no Monday", "not Monday"}, {"no there", "not there"},  {"no my bag", "not my bag"}};
  for (const std::string& clause : clauses)
    for (const auto& [icons, text] : others) {
      std::string alone = draft(clause);
      alone.pop_back();
      EXPECT_EQ(draft(clause + " " + icons), alone + ", " + text + ".") << clause << " " << icons;
    }
}

// The law: a condition and what follows from it are said as they are alone, whichever is negated.
TEST(Realiser, ConditionsAreClauses) {
  const std::vector<std::string> clauses = {"I tired",    "you come",        "mum no come",   "he want tea",
                                            "it rain",    "dog no bark",     "they no here",  "we no go park",
                                            "I can swim", "you no want tea", "teacher angry", "I never come"};
  const auto decapitalised = [](std::string text) {
    text.pop_back();
    if (text[0] != 'I' || text[1] != ' ') text[0] = static_cast<char>(std::tolower(text[0]));
    return text;
  };
  for (const std::string joint : {"If", "When", "Because", "Although"})
    for (const std::string& one : clauses)
      for (const std::string& other : clauses) {
        const std::string first = draft(one), second = draft(other);
        if (one.substr(0, one.find(' ')) == other.substr(0, other.find(' '))) continue;
        std::string sentence = joint + " " + decapitalised(first) + ", " + decapitalised(second) + ".";
        EXPECT_EQ(draft(lower(joint) + " " + one + " " + other), sentence);
        if (joint == "Because")
          EXPECT_EQ(draft(one + " because " + other),
                    first.substr(0, first.size() - 1) + " because " + decapitalised(second) + ".");
      }
}

// The law: a later verb is the one that is not done, where the first is.
TEST(Realiser, LaterVerbsAreNegatedAlone) {
  const std::vector<std::pair<std::string, std::string>> firsts = {{"I try", "I try not to"},
                                                                   {"I see mum", "I see mum not"},
                                                                   {"he promise", "He promises not to"},
                                                                   {"help me", "Help me not"},
                                                                   {"I tell dad", "I tell dad not to"},
                                                                   {"we hope", "We hope not to"},
                                                                   {"mum ask me", "Mum asks me not to"},
                                                                   {"I past decide", "I decided not to"},
                                                                   {"remember", "I remember not to"}};
  for (const auto& [icons, text] : firsts)
    for (const std::string verb : {"go", "cry", "eat", "fall", "come"})
      EXPECT_EQ(draft(icons + " no " + verb), text + " " + verb + ".");
}

// The law: behind a pronoun and a negation, a word that is a thing and an action is the action.
TEST(Realiser, PronounsAct) {
  for (const std::string word :
       {"work", "drink", "play", "sleep/VERB", "walk", "cook", "dance", "talk", "love", "help"})
    for (const std::string who : {"I", "you", "we", "they"}) {
      std::string subject = who;
      subject[0] = static_cast<char>(std::toupper(subject[0]));
      const std::string plain = word.substr(0, word.find('/'));
      EXPECT_EQ(draft(who + " no " + word), subject + " don't " + plain + ".");
      EXPECT_EQ(draft("I angry " + who + " no " + word), "I am angry. " + subject + " don't " + plain + ".");
    }
}

// Words from strangers: any bytes, any length.
TEST(Realiser, TakesAnyWord) {
  const RandomStream random(7, Purpose::kSampling);
  std::uint64_t draw = 0;
  for (int i = 0; i < 5000; ++i) {
    std::vector<Icon> icons;
    const std::size_t length = 1 + random.bits(draw++) % 6;
    while (icons.size() < length) {
      std::string word = "x";
      const std::size_t size = random.bits(draw++) % 12;
      while (word.size() < size) word += static_cast<char>("aeions /()-'?!.\xC3\xA9 I"[random.bits(draw++) % 20]);
      icons.push_back({word, static_cast<IconType>(random.bits(draw++) % 10), ""});
    }
    const std::string sentence = realise(icons, lexicon());
    ASSERT_FALSE(sentence.empty());
    EXPECT_TRUE(sentence.ends_with('.') || sentence.ends_with('?') || sentence.ends_with('!')) << sentence;
  }
}

TEST(Realiser, LongInputsEndSoon) {
  const std::vector<Icon> nouns(20000, {"dog", IconType::kNoun, ""}), verbs(3000, {"go", IconType::kVerb, ""});
  EXPECT_GT(realise(nouns, lexicon()).size(), 60000u);
  EXPECT_FALSE(realise(verbs, lexicon()).empty());
  std::vector<Icon> mixed;
  for (int i = 0; i < 3000; ++i)
    mixed.push_back(lexicon().entries()[static_cast<std::size_t>(i) % lexicon().entries().size()].icon);
  EXPECT_GT(realise(mixed, lexicon()).size(), 5000u);
}

}  // namespace
}  // namespace aacft
