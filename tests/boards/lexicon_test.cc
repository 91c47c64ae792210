#include "aacft/boards/lexicon.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/utf8.h"
#include "aacft/formats/json.h"
#include "source_dir.h"

namespace aacft {
namespace {

const std::filesystem::path kData = std::filesystem::path(AACFT_SOURCE_DIR) / "data";
const std::string kHeader = "word\tpicture\ttype\tcategory\tforms\temoji\n";

Lexicon parse(const std::string& text, std::vector<std::string>* warnings = nullptr) {
  return Lexicon::parse(text, "t.tsv", [&](const std::string& warning) {
    if (warnings) warnings->push_back(warning);
  });
}

std::string error_of(const std::string& text) {
  try {
    parse(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

void expect_error(const std::string& text, const std::string& where, const std::string& what) {
  const std::string message = error_of(text);
  EXPECT_TRUE(message.starts_with(where)) << message;
  EXPECT_NE(message.find(what), message.npos) << message;
}

const Lexicon& shipped() {
  static const Lexicon lexicon =
      Lexicon::read(kData / "icons.tsv", [](const std::string& warning) { ADD_FAILURE() << warning; });
  return lexicon;
}

TEST(ShippedLexicon, IsLargeAndUnique) {
  EXPECT_GE(shipped().entries().size(), 1500u);
  std::set<std::tuple<std::string, IconType, std::string>> icons;
  std::map<std::string, std::set<std::string>> words_of_picture;
  for (const LexiconEntry& entry : shipped().entries()) {
    EXPECT_TRUE(icons.emplace(entry.icon.word, entry.icon.type, entry.icon.picture).second) << entry.icon.word;
    EXPECT_FALSE(entry.category.empty()) << entry.icon.word;
    EXPECT_FALSE(entry.offensive) << entry.icon.word;
    if (entry.category != "pronouns") words_of_picture[entry.icon.picture].insert(entry.icon.word);
  }
  // Only a pronoun's forms share one.
  for (const auto& [picture, words] : words_of_picture) EXPECT_EQ(words.size(), 1u) << picture;
}

TEST(ShippedLexicon, PicturesAreOurOwnPlainNames) {
  for (const LexiconEntry& entry : shipped().entries()) {
    const std::string& picture = entry.icon.picture;
    ASSERT_TRUE(picture.ends_with(".png")) << picture;
    const std::string stem = picture.substr(0, picture.size() - 4);
    EXPECT_EQ(stem.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"), stem.npos) << picture;
    EXPECT_TRUE(!stem.empty() && stem.front() != '_' && stem.back() != '_' && stem.find("__") == stem.npos) << picture;
  }
}

TEST(ShippedLexicon, HasTheSlotsOfABoard) {
  for (const char* category : {"pronouns",
                               "grammar",
                               "verbs",
                               "qualities",
                               "food",
                               "drinks",
                               "objects",
                               "adverbs_of_place",
                               "expressions",
                               "people",
                               "family",
                               "animals",
                               "body",
                               "clothes",
                               "home",
                               "school",
                               "places",
                               "transport",
                               "nature",
                               "weather",
                               "time",
                               "feelings",
                               "numbers",
                               "colours",
                               "toys_and_play",
                               "sports",
                               "health",
                               "jobs",
                               "religion_and_feasts",
                               "music_and_tv",
                               "tools",
                               "prepositions",
                               "questions"})
    EXPECT_GE(shipped().category(category).size(), 5u) << category;
  std::size_t sum = 0;
  for (const std::string& category : shipped().categories()) sum += shipped().category(category).size();
  EXPECT_EQ(sum, shipped().entries().size());
  for (const auto& [word, type] :
       std::initializer_list<std::pair<const char*, IconType>>{{"I", IconType::kNoun},
                                                               {"let's", IconType::kNoun},
                                                               {"that", IconType::kNoun},
                                                               {"past", IconType::kTensePast},
                                                               {"negate", IconType::kNegated},
                                                               {"future", IconType::kTenseFuture},
                                                               {"dot", IconType::kDot},
                                                               {"question", IconType::kQuestion},
                                                               {"me", IconType::kCliticPronoun},
                                                               {"her", IconType::kCliticPronoun},
                                                               {"them", IconType::kCliticPronoun},
                                                               {"be", IconType::kVerb}})
    EXPECT_NE(shipped().find(word, type), nullptr) << word;
  for (const char* picture : {"you.png", "you_all.png"}) {
    EXPECT_EQ(shipped().find(Icon{"you", IconType::kNoun, picture})->icon.picture, picture);
    EXPECT_EQ(shipped().find(Icon{"you", IconType::kCliticPronoun, picture})->icon.picture, picture);
  }
}

TEST(ShippedLexicon, KnowsEveryIconOfTheExamples) {
  std::size_t icons = 0;
  read_json_lines(
      read_file(kData / "aac-504.jsonl"),
      [&](std::size_t line, const nlohmann::json& row) {
        for (const Icon& icon : icons_of_prompt(row.at("text").get<std::string>())) {
          const LexiconEntry* entry = shipped().find(icon);
          ASSERT_NE(entry, nullptr) << icon.word;
          EXPECT_EQ(entry->icon, icon) << "line " << line << ": " << icon.word << ", " << entry->icon.picture;
          ++icons;
        }
      },
      [](std::size_t line, const std::string& reason) { FAIL() << line << ": " << reason; });
  EXPECT_EQ(icons, 1899u);
}

// What keys belong to what type.
TEST(ShippedLexicon, FormsFitTheirType) {
  const std::set<std::string> nouns = {"plural", "mass", "name",    "pair",    "phrase",      "person",
                                       "the",    "bare", "article", "pronoun", "preposition", "question"};
  const std::set<std::string> verbs = {"past", "participle", "third",        "ing",
                                       "to",   "bare",       "intransitive", "preposition"};
  const std::set<std::string> others = {"place", "time",   "manner",   "degree",     "number",     "determiner",
                                        "of",    "plural", "question", "noun_after", "conjunction"};
  for (const LexiconEntry& entry : shipped().entries()) {
    const auto& known = entry.icon.type == IconType::kNoun   ? nouns
                        : entry.icon.type == IconType::kVerb ? verbs
                                                             : others;
    for (const auto& [key, value] : entry.forms) EXPECT_TRUE(known.contains(key)) << entry.icon.word << ": " << key;
    EXPECT_LE((entry.form("mass") != nullptr) + (entry.form("plural") != nullptr) + (entry.form("pair") != nullptr) +
                  (entry.form("name") != nullptr),
              1)
        << entry.icon.word;
  }
}

// "stop", "hug": one vowel, then the last letter.
bool doubles_last_letter(const std::string& verb) {
  return verb.size() > 2 && verb.find(' ') == verb.npos && verb.find_first_of("aeiou") == verb.size() - 2 &&
         std::string("bdgklmnprt").find(verb.back()) != std::string::npos;
}

TEST(ShippedLexicon, VerbFormsLookLikeVerbForms) {
  for (const std::size_t index : shipped().category("verbs")) {
    const LexiconEntry& entry = shipped().entries()[index];
    const std::string& word = entry.icon.word;
    ASSERT_EQ(entry.icon.type, IconType::kVerb) << word;
    const bool modal = entry.form("bare") && word != "let" && word != "have to";
    // A phrase has all its forms, and a past has its participle: nobody need know which word is inflected.
    if (word.find(' ') != word.npos)
      for (const char* key : {"past", "participle", "third", "ing"}) {
        ASSERT_NE(entry.form(key), nullptr) << word;
        EXPECT_TRUE(entry.form(key)->ends_with(word.substr(word.find(' ')))) << word;
      }
    EXPECT_TRUE(!entry.form("past") || modal || entry.form("participle")) << word;
    if (const std::string* ing = entry.form("ing")) {
      EXPECT_TRUE(ing->substr(0, ing->find(' ')).ends_with("ing")) << word;
      EXPECT_EQ(ing->front(), word.front()) << word;
    }
    if (const std::string* third = entry.form("third"); third && !modal) {
      EXPECT_TRUE(third->substr(0, third->find(' ')).ends_with("s")) << word;
    }
    if (doubles_last_letter(word) && !modal) {
      ASSERT_NE(entry.form("ing"), nullptr) << word;
      EXPECT_EQ(*entry.form("ing"), word + word.back() + "ing");
    }
  }
}

TEST(ShippedLexicon, KnowsIrregularForms) {
  const auto form = [](const char* word, const char* key) {
    for (const LexiconEntry& entry : shipped().entries())
      if (const std::string* value = entry.form(key); value && entry.icon.word == word) return *value;
    return std::string("none");
  };
  EXPECT_EQ(form("go", "past"), "went");
  EXPECT_EQ(form("go", "participle"), "gone");
  EXPECT_EQ(form("go", "third"), "goes");
  EXPECT_EQ(form("run", "ing"), "running");
  EXPECT_EQ(form("lie", "ing"), "lying");
  EXPECT_EQ(form("travel", "past"), "travelled");
  EXPECT_EQ(form("take off", "participle"), "taken off");
  EXPECT_EQ(form("child", "plural"), "children");
  EXPECT_EQ(form("sheep", "plural"), "sheep");
  EXPECT_EQ(form("mother-in-law", "plural"), "mothers-in-law");
  EXPECT_EQ(form("scissors", "pair"), "");
  EXPECT_EQ(form("water", "mass"), "");
  EXPECT_EQ(form("Monday", "name"), "");
  EXPECT_EQ(form("yesterday", "time"), "past");
  EXPECT_EQ(form("listen", "preposition"), "to");
}

TEST(ShippedLexicon, EmojiAreOneSignEach) {
  std::size_t with = 0;
  for (const LexiconEntry& entry : shipped().entries()) {
    if (entry.emoji.empty()) continue;
    ++with;
    EXPECT_TRUE(valid_utf8(entry.emoji));
    EXPECT_LE(entry.emoji.size(), 28u) << entry.icon.word;  // a flag of five tags
    EXPECT_TRUE(entry.emoji.find_first_of(" abcdefghijklmnopqrstuvwxyz") == std::string::npos) << entry.icon.word;
  }
  EXPECT_GE(with, 1000u);
}

// What the sections of data/README.md say is what the table holds.
TEST(ShippedLexicon, IsCountedInItsDescription) {
  const std::string readme = read_file(kData / "README.md");
  std::map<std::string, std::size_t> counts;
  for (const LexiconEntry& entry : shipped().entries()) {
    ++counts["`" + std::string(name_of(entry.icon.type)) + "`"];
    ++counts["`" + entry.category + "`"];
  }
  const std::size_t section = readme.find("## icons.tsv");
  ASSERT_NE(section, readme.npos);
  const std::string text = readme.substr(section);
  for (const auto& [name, count] : counts)
    EXPECT_NE(text.find(name + " " + std::to_string(count)), text.npos)
        << "data/README.md should say " << name << " " << count;
}

TEST(Lexicon, ReadsATable) {
  const Lexicon lexicon =
      parse("# mine\r\n" + kHeader + "\r\nBall\tball.png\tnoun\ttoys\tplural:Balls, mass\t⚽\r\n# more\nrun\t\tVERB\n");
  ASSERT_EQ(lexicon.entries().size(), 2u);
  const LexiconEntry& ball = lexicon.entries()[0];
  EXPECT_EQ(ball.icon, (Icon{"Ball", IconType::kNoun, "ball.png"}));
  EXPECT_EQ(ball.category, "toys");
  EXPECT_EQ(ball.emoji, "⚽");
  ASSERT_NE(ball.form("plural"), nullptr);
  EXPECT_EQ(*ball.form("plural"), "Balls");
  EXPECT_EQ(*ball.form("mass"), "");
  EXPECT_EQ(ball.form("name"), nullptr);
  EXPECT_EQ(lexicon.entries()[1].icon, (Icon{"run", IconType::kVerb, "run.png"}));
  EXPECT_EQ(lexicon.categories(), std::vector<std::string>{"toys"});
}

TEST(Lexicon, TakesColumnsByTheirNames) {
  std::vector<std::string> warnings;
  const Lexicon lexicon =
      parse("Type\tWord\tnotes\toffensive\nadjective\tdaft\tmine\tTrue\nverb\trun\t\t\n", &warnings);
  EXPECT_EQ(lexicon.entries()[0].icon, (Icon{"daft", IconType::kAdjective, "daft.png"}));
  EXPECT_TRUE(lexicon.entries()[0].offensive);
  EXPECT_FALSE(lexicon.entries()[1].offensive);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("\"notes\""), std::string::npos);
}

TEST(Lexicon, ReadsTheTalksNineColumns) {
  std::vector<std::string> warnings;
  const Lexicon lexicon = parse(
      "crème brûlée|creme brulee|NOUN|orange|pictures/food/creme 1.png|en|desserts|l1|0\r\n"
      "jog  |jog|Verb|green|C:\\pics\\jog.png|en|actions|l1|0\n"
      "\n"
      "#|number sign|noun|white|hash.png|en|signs||false\n"
      "very  swiftly|swiftly|adverb|blue|p/swiftly.png.64x64.png|en|how|l2|0|\n"
      "blast|blast|exclaim|pink|p/blast.png|en|outbursts|l2|1\n"
      "drat|drat|exclaim|pink|p/drat.png|en|outbursts|l2|true\n"
      "drat|drat|exclaim|pink|other/drat.png|en|outbursts|l3|true\n",
      &warnings);
  ASSERT_EQ(lexicon.entries().size(), 6u);
  EXPECT_EQ(lexicon.entries()[0].icon, (Icon{"crème brûlée", IconType::kNoun, "creme_1.png"}));
  EXPECT_EQ(lexicon.entries()[1].icon, (Icon{"jog", IconType::kVerb, "jog.png"}));
  EXPECT_EQ(lexicon.entries()[2].icon.word, "#");
  EXPECT_EQ(lexicon.entries()[3].icon, (Icon{"very swiftly", IconType::kAdjective, "swiftly.png.64x64.png"}));
  EXPECT_EQ(lexicon.entries()[4].icon.type, IconType::kNoun);
  EXPECT_TRUE(lexicon.entries()[4].offensive);
  EXPECT_FALSE(lexicon.entries()[0].offensive);
  EXPECT_EQ(lexicon.categories(), (std::vector<std::string>{"desserts", "actions", "signs", "how", "outbursts"}));
  EXPECT_EQ(lexicon.category("outbursts"), (std::vector<std::size_t>{4, 5}));
  EXPECT_TRUE(lexicon.category("none").empty());
  ASSERT_EQ(warnings.size(), 2u);
  EXPECT_TRUE(warnings[0].starts_with("t.tsv:6: part of speech \"exclaim\"")) << warnings[0];
  EXPECT_NE(warnings[0].find("2 more"), std::string::npos) << warnings[0];
  EXPECT_TRUE(warnings[1].starts_with("t.tsv:8: ")) << warnings[1];
}

TEST(Lexicon, FindsWords) {
  const Lexicon lexicon = parse(kHeader +
                                "may\tmay_allowed.png\tVERB\tverbs\n"
                                "May\tmay.png\tNOUN\ttime\n"
                                "bat\tbat.png\tNOUN\tanimals\n"
                                "bat\ttoy_bat.png\tNOUN\ttoys\n"
                                "don't\tdont.png\tNEGATED\tgrammar\n"
                                "Éclair\teclair.png\tNOUN\tfood\n");
  EXPECT_EQ(lexicon.find("May")->icon.type, IconType::kNoun);
  EXPECT_EQ(lexicon.find("may")->icon.type, IconType::kVerb);
  EXPECT_EQ(lexicon.find("MAY")->icon.type, IconType::kVerb);
  EXPECT_EQ(lexicon.find("may", IconType::kNoun)->icon.word, "May");
  EXPECT_EQ(lexicon.find("may", IconType::kAdjective), nullptr);
  EXPECT_EQ(lexicon.find("bat")->icon.picture, "bat.png");
  EXPECT_EQ(lexicon.find(Icon{"bat", IconType::kNoun, "toy_bat.png"})->category, "toys");
  EXPECT_EQ(lexicon.find(Icon{"bat", IconType::kNoun, "else.png"})->category, "animals");
  EXPECT_EQ(lexicon.find(Icon{"Bat", IconType::kVerb, "else.png"})->category, "animals");
  EXPECT_NE(lexicon.find("don’t"), nullptr);
  EXPECT_NE(lexicon.find("éclair"), nullptr);
  EXPECT_NE(lexicon.find("e\xCC\x81"
                         "clair"),
            nullptr);  // a combining accent
  EXPECT_EQ(lexicon.find("zebra"), nullptr);
  EXPECT_EQ(lexicon.find(Icon{"zebra", IconType::kNoun, "bat.png"}), nullptr);
  EXPECT_EQ(lexicon.find("\xFF"), nullptr);
}

TEST(Lexicon, RefusesWhatIsNoTable) {
  expect_error("", "t.tsv: ", "no entries");
  expect_error(kHeader, "t.tsv: ", "no entries");
  expect_error("# only\n\n", "t.tsv: ", "no entries");
  expect_error("apple\nbanana\n", "t.tsv:1: ", "expected columns");
  expect_error("\n\napple,NOUN\n", "t.tsv:3: ", "expected columns");
  expect_error("apple\tapple.png\tNOUN\n", "t.tsv:1: ", "\"word\" is not among them");
  expect_error("word\tpicture\nx\tx.png\n", "t.tsv:1: ", "\"type\" is not among them");
  expect_error("word\ttype\tword\nx\tNOUN\ty\n", "t.tsv:1: ", "twice");
  expect_error("\xFF\xFEw\0", "t.tsv: ", "UTF-16");
  expect_error(kHeader + "caf\xE9\tcafe.png\tNOUN\n", "t.tsv:2: ", "not UTF-8");
}

TEST(Lexicon, RefusesBadLines) {
  expect_error(kHeader + "a\tb\tNOUN\tc\td\te\tf\n", "t.tsv:2: ", "7 columns; expected 6");
  expect_error(kHeader + "a\tb\n", "t.tsv:2: column \"type\"", "empty");
  expect_error(kHeader + "\tb.png\tNOUN\n", "t.tsv:2: column \"word\"", "empty");
  expect_error(kHeader + "ok\t\tNOUN\na ; b\tb.png\tNOUN\n", "t.tsv:3: column \"word\"", "\" ;\"");
  expect_error(kHeader + "a <bot>: b\tb.png\tNOUN\n", "t.tsv:2: column \"word\"", "<bot>");
  expect_error(kHeader + std::string(201, 'a') + "\tb.png\tNOUN\n", "t.tsv:2: column \"word\"", "200 bytes");
  expect_error(kHeader + "a\tb}.png\tNOUN\n", "t.tsv:2: column \"picture\"", "\"}\"");
  expect_error(kHeader + "a\x01z\tb.png\tNOUN\n", "t.tsv:2: column \"word\"", "control");
  expect_error(kHeader + "a\tb\tNOUN\tc\tplural\t\nb\tb\tNOUN\tc\tPlural:x\n", "t.tsv:3: column \"forms\"",
               "\"Plural:x\"");
  expect_error(kHeader + "a\tb\tNOUN\tc\tmass,,the\n", "t.tsv:2: column \"forms\"", "\"\"");
  expect_error(kHeader + "a\tb\tNOUN\tc\tplural:\n", "t.tsv:2: column \"forms\"", "lacks its value");
  expect_error(kHeader + "a\tb\tNOUN\tc\tmass,mass\n", "t.tsv:2: column \"forms\"", "twice");
  expect_error("a|a|NOUN|red|a.png|en|c|l\n", "t.tsv:1: ", "8 columns");
  expect_error("a|a|NOUN|red|a.png|en|c|l|0\nb|b|NOUN|red|a.png|en|c|l|0|x\n", "t.tsv:2: ", "10 columns");
  expect_error("a|a|NOUN|red|a.png|en|c|l|maybe\n", "t.tsv:1: column \"offensive\"", "\"maybe\"");
}

TEST(Lexicon, WarnsOfMistypedForms) {
  std::vector<std::string> warnings;
  const Lexicon lexicon = parse(kHeader + "ox\tox.png\tNOUN\tanimals\tplurl:oxen\nox\tox.png\tNOUN\tfarm\n", &warnings);
  EXPECT_EQ(lexicon.entries().size(), 2u);  // in two categories
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_EQ(warnings[0], "t.tsv:2: the form \"plurl\" is not known; did you mean \"plural\"?");
  EXPECT_EQ(*lexicon.entries()[0].form("plurl"), "oxen");
}

// Whatever the bytes are: a lexicon or an Error.
TEST(Lexicon, SurvivesDamage) {
  const std::string tabs =
      kHeader + "child\tchild.png\tNOUN\tpeople\tperson,plural:children\t🧒\nrun\trun.png\tVERB\tverbs\tpast:ran\t\n";
  const std::string bars = "é|e|NOUN|red|a/b.png|en|c|l|0\ngo|go|VERB|red|go.png|en|c|l|1\n";
  for (const std::string& whole : {tabs, bars}) {
    for (std::size_t i = 0; i < whole.size(); ++i) {
      for (const char byte : {'\0', '\t', '\n', '|', '#', ':', ',', '}', '\x80', '\xFF'}) {
        std::string damaged = whole;
        damaged[i] = byte;
        try {
          const Lexicon lexicon = parse(damaged);
          for (const LexiconEntry& entry : lexicon.entries())
            EXPECT_EQ(icons_of_prompt(prompt_of_icons({entry.icon})), std::vector<Icon>{entry.icon});
        } catch (const Error&) {}
      }
      error_of(whole.substr(0, i));
    }
  }
}

TEST(Lexicon, BoundsWhatALineHolds) {
  expect_error("word\ttype" + std::string(1000000, '\t') + "x\n", "t.tsv:1: ", "columns");
  expect_error("word\ttype\n" + std::string(1000000, 'x') + "\tNOUN\n", "t.tsv:2: ", "1000000 bytes");
  expect_error("word\ttype\tforms\nx\tNOUN\t" + std::string(500, ',') + "\n", "t.tsv:2: column \"forms\"", "forms");
  std::string text = "word\ttype\n";
  for (int i = 0; i < 1000; ++i) text += "word\ttype" + std::to_string(i) + "\n";
  std::vector<std::string> warnings;
  parse(text, &warnings);
  EXPECT_LE(warnings.size(), 21u);
}

TEST(PictureOfWord, IsAPlainName) {
  EXPECT_EQ(picture_of_word("Ice cream"), "ice_cream.png");
  EXPECT_EQ(picture_of_word("let's"), "lets.png");
  EXPECT_EQ(picture_of_word("  who's there? "), "whos_there.png");
  EXPECT_EQ(picture_of_word("Café"), "café.png");
  EXPECT_EQ(picture_of_word("?!"), "icon.png");
}

TEST(UnfitForPrompt, SaysWhatIsWrong) {
  EXPECT_FALSE(unfit_for_prompt("a;b"));
  EXPECT_FALSE(unfit_for_prompt("what's that?"));
  EXPECT_TRUE(unfit_for_prompt("a\nb"));
  EXPECT_TRUE(unfit_for_prompt("a ; b"));
  EXPECT_TRUE(unfit_for_prompt("a }"));
}

}  // namespace
}  // namespace aacft
