#include "aacft/boards/board.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "aacft/base/error.h"
#include "source_dir.h"

namespace aacft {
namespace {

using nlohmann::json;

Lexicon small_lexicon() {
  const auto entry = [](const char* word, IconType type, const char* picture, const char* category,
                        bool offensive = false) {
    return LexiconEntry{.icon = {word, type, picture}, .category = category, .offensive = offensive};
  };
  return Lexicon(
      {entry("I", IconType::kNoun, "me.png", "pronouns"), entry("go", IconType::kVerb, "go.png", "verbs"),
       entry("eat", IconType::kVerb, "eat.png", "verbs"), entry("apple", IconType::kNoun, "apple.png", "food"),
       entry("damn", IconType::kNoun, "damn.png", "food", true), entry("bread", IconType::kNoun, "bread.png", "food"),
       entry("cat", IconType::kNoun, "cat.png", "animals"), entry("orange", IconType::kNoun, "orange.png", "food"),
       entry("orange", IconType::kAdjective, "orange_colour.png", "colours"),
       entry("hell", IconType::kNoun, "hell.png", "curses", true)});
}

Board parse(const std::string& text, bool offensive = false) {
  return parse_board(json::parse(text), "b.json", small_lexicon(), offensive);
}

std::vector<std::string> words(const Slot& slot) {
  std::vector<std::string> words;
  for (const Icon& icon : slot.icons) words.push_back(icon.word);
  return words;
}

std::vector<std::string> labels(const BoardPage& page) {
  std::vector<std::string> labels;
  for (const Slot& slot : page.slots) labels.push_back(slot.label);
  return labels;
}

using Words = std::vector<std::string>;

TEST(Board, Cells) {
  const Board board = parse(R"({"name": "n", "verbs": ["go", "[verbs]", "go"],
    "words": {"me": {"word": "I", "clitic": "ME"}, "orange": {"type": "ADJECTIVE"}, "z": {"word": "zed", "type": "NOUN", "picture": "z.png", "clitic": "zee", "subject": false},
              "[things]": {"categories": ["animals", "food"], "subject": false}},
    "pages": [{"name": "one", "rows": [["me", null, "go"], ["[verbs]"], ["orange", "z"]]}, {"rows": [["[things]", "Apple"]]}]})");
  EXPECT_EQ(board.name, "n");
  ASSERT_EQ(board.pages.size(), 2u);
  EXPECT_EQ(board.num_slots(), 7u);
  const BoardPage& one = board.pages[0];
  EXPECT_EQ(one.name, "one");
  EXPECT_EQ(one.rows, 3u);
  EXPECT_EQ(one.columns, 3u);
  EXPECT_EQ(labels(one), (Words{"me", "go", "[verbs]", "orange", "z"}));
  EXPECT_EQ(board.verbs, (std::vector<std::size_t>{1, 2, 1}));
  EXPECT_EQ(one.slots[0].icons, (std::vector<Icon>{{"I", IconType::kNoun, "me.png"}}));
  EXPECT_EQ(one.slots[0].clitic, (Icon{"ME", IconType::kCliticPronoun, "me.png"}));
  EXPECT_EQ(one.slots[1].row, 0u);
  EXPECT_EQ(one.slots[1].column, 2u);
  EXPECT_FALSE(one.slots[1].clitic);
  EXPECT_TRUE(one.slots[2].category);
  EXPECT_EQ(words(one.slots[2]), (Words{"go", "eat"}));
  EXPECT_EQ(one.slots[3].icons[0].picture, "orange_colour.png");
  EXPECT_EQ(one.slots[4].icons, (std::vector<Icon>{{"zed", IconType::kNoun, "z.png"}}));
  EXPECT_EQ(one.slots[4].clitic, (Icon{"zee", IconType::kCliticPronoun, "z.png"}));
  EXPECT_FALSE(one.slots[4].subject);
  EXPECT_EQ(words(board.pages[1].slots[0]), (Words{"cat", "apple", "bread", "orange"}));
  EXPECT_FALSE(board.pages[1].slots[0].subject);
  EXPECT_EQ(words(board.pages[1].slots[1]), (Words{"apple"}));  // as the lexicon writes it
}

TEST(Board, NumberedByColumns) {
  const std::string rows = R"("rows": [["I", "go", "eat"], [null, "cat", "apple"], ["bread"]]}]})";
  EXPECT_EQ(labels(parse(R"({"pages": [{)" + rows).pages[0]), (Words{"I", "go", "eat", "cat", "apple", "bread"}));
  EXPECT_EQ(labels(parse(R"({"pages": [{"numbered": "columns", )" + rows).pages[0]),
            (Words{"I", "bread", "go", "cat", "eat", "apple"}));
}

TEST(Board, OffensiveWordsOnlyWhereAskedFor) {
  const std::string text = R"({"pages": [{"rows": [["[food]"]]}]})";
  EXPECT_EQ(words(parse(text).pages[0].slots[0]), (Words{"apple", "bread", "orange"}));
  EXPECT_EQ(words(parse(text, true).pages[0].slots[0]), (Words{"apple", "damn", "bread", "orange"}));
}

TEST(Board, ErrorsNameTheCellAndWhatThereIs) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"pages": [{"rows": [["I"], ["go", "[fruit]"]]}]})",
       R"(b.json: page 1, row 2, column 2: the lexicon has no category "fruit"; its categories are pronouns, verbs, food, animals, colours, curses)"},
      {R"({"pages": [{"rows": [["aple"]]}]})",
       R"(page 1, row 1, column 1: the lexicon has no word "aple"; did you mean "apple"?)"},
      {R"({"words": {"go": {"type": "NOUN"}}, "pages": [{"rows": [["go"]]}]})",
       R"(the lexicon has no word "go" of type NOUN)"},
      {R"({"pages": [{"rows": [["[curses]"]]}]})", "flagged as offensive"},
      {R"({"pages": [{"rows": [["[food"]]}]})", "lacks its"},
      {R"({"pages": [{"rows": [[1]]}]})", "not 1"},
      {R"({"pages": [{"rows": [[""]]}]})", R"(not "")"},
      {R"({"pages": [{"rows": ["I"]}]})", "row 1"},
      {R"({"pages": [{"row": []}]})", R"(unknown key "row"; did you mean "rows"?)"},
      {R"({"pages": [{"rows": [], "numbered": "up"}]})", "\"up\""},
      {R"({"pages": [{"rows": [[null]]}, {"rows": [["I"]]}]})", "page 1 has no slot"},
      {R"({"pages": [{"rows": []}]})", "no page has a slot"},
      {R"({"pages": []})", "at least one page"},
      {R"({"pages": {}})", "must be a list"},
      {R"({})", "\"pages\" must be a list"},
      {R"({"pages": [{"rows": [["I"]]}], "verbs": ["go"]})", R"("verbs" names "go", which is no cell of page 1)"},
      {R"({"pages": [{"rows": [["I"]]}], "verbs": [1]})", "names 1"},
      {R"({"pages": [{"rows": [["I"]]}], "words": {"go": {}}})", R"(no page has a cell "go")"},
      {R"({"pages": [{"rows": [["I"]]}], "words": {"I": {"typ": "NOUN"}}})", R"(did you mean "type"?)"},
      {R"({"pages": [{"rows": [["I"]]}], "words": {"I": {"type": "NOON"}}})", "NOON"},
      {R"({"pages": [{"rows": [["I"]]}], "words": {"I": {"picture": "a.png"}}})", "needs a \"type\""},
      {R"({"pages": [{"rows": [["I"]]}], "words": {"I": {"type": "NOUN", "picture": "a b"}}})",
       "cannot stand in a prompt"},
      {R"({"pages": [{"rows": [["I"]]}], "words": {"I": {"word": "a ; b", "type": "NOUN", "picture": "a"}}})",
       "cannot stand in a prompt"},
      {R"({"pages": [{"rows": [["I"]]}], "words": {"I": {"clitic": "a\nb"}}})", "cannot stand in a prompt"},
      {R"({"pages": [{"rows": [["I"]]}], "words": {"I": {"subject": 1}}})", "true or false"},
      {R"({"pages": [{"rows": [["I"]]}], "words": {"I": {"categories": ["food"]}}})", "those of a [category]"},
      {R"({"pages": [{"rows": [["I"]]}], "words": {"I": 3}})", "not 3"},
      {R"({"pages": [{"rows": [["I"]]}], "name": 3})", "must be a string"},
  };
  for (const auto& [text, expected] : cases) try {
      parse(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(expected), std::string::npos) << text << "\n" << error.what();
    }
}

// The board that comes with the program: the talk's layout, and every word of the lexicon but for pronouns and grammar.
TEST(Board, Default) {
  const Lexicon lexicon = Lexicon::read(AACFT_SOURCE_DIR "/data/icons.tsv", {});
  const Board board = read_board(AACFT_SOURCE_DIR "/data/board.json", lexicon);
  ASSERT_EQ(board.pages.size(), 2u);
  EXPECT_EQ(board.pages[0].slots.size(), 25u);
  EXPECT_EQ(board.pages[1].slots.size(), 14u);
  std::vector<std::string> verbs;
  for (const std::size_t slot : board.verbs) verbs.push_back(board.pages[0].slots[slot].label);
  EXPECT_EQ(verbs, (Words{"have", "be", "can", "want", "[verbs]"}));
  std::set<std::string> core, clitics, pictures;
  std::size_t reached = 0, wanted = 0;
  for (const BoardPage& page : board.pages)
    for (const Slot& slot : page.slots) {
      if (slot.category) {
        for (const Icon& icon : slot.icons) pictures.insert(icon.picture);
        reached += slot.icons.size();
        EXPECT_GE(slot.icons.size(), 20u) << slot.label;
      } else {
        core.insert(slot.icons[0].word + " " + std::string(name_of(slot.icons[0].type)));
      }
      if (slot.clitic) clitics.insert(slot.icons[0].word + " " + slot.clitic->word);
      if (slot.clitic) {
        const LexiconEntry* entry = lexicon.find(slot.clitic->word, IconType::kCliticPronoun);
        ASSERT_NE(entry, nullptr) << slot.clitic->word;
      }
    }
  EXPECT_EQ(core,
            (std::set<std::string>{"I NOUN", "we NOUN", "you NOUN", "he NOUN", "she NOUN", "they NOUN", "that NOUN",
                                   "let's NOUN", "past TENSE_PAST", "future TENSE_FUTURE", "negate NEGATED", "be VERB",
                                   "want VERB", "have VERB", "can VERB", "question QUESTION", "dot DOT"}));
  EXPECT_EQ(clitics, (std::set<std::string>{"I me", "we us", "you you", "he him", "she her", "they them"}));
  for (const LexiconEntry& entry : lexicon.entries())
    if (entry.category != "pronouns" && entry.category != "grammar" && !entry.offensive) {
      ++wanted;
      EXPECT_TRUE(pictures.contains(entry.icon.picture))
          << entry.icon.word << " of " << entry.category << " is on no page";
    }
  EXPECT_EQ(reached, wanted);
}

}  // namespace
}  // namespace aacft
