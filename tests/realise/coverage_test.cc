#include "aacft/realise/coverage.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "aacft/boards/board.h"
#include "aacft/boards/sampler.h"
#include "aacft/data/turns.h"
#include "aacft/realise/realiser.h"
#include "support/paths.h"

namespace aacft {
namespace {

Icon noun(const std::string& word) { return {word, IconType::kNoun, ""}; }
Icon verb(const std::string& word) { return {word, IconType::kVerb, ""}; }
Icon quality(const std::string& word) { return {word, IconType::kAdjective, ""}; }
const Icon kPast{"past", IconType::kTensePast, ""}, kFuture{"future", IconType::kTenseFuture, ""},
    kNot{"negate", IconType::kNegated, ""}, kDot{"dot", IconType::kDot, ""},
    kQuestion{"question", IconType::kQuestion, ""};

bool uses(const Icon& icon, const std::string& sentence) { return icons_used({icon}, sentence).at(0); }

TEST(Coverage, TellsIconByIcon) {
  EXPECT_EQ(icons_used({noun("I"), verb("want"), noun("tea"), noun("cake")}, "I'd want some TEA, please."),
            (std::vector<bool>{true, true, true, false}));
  EXPECT_TRUE(icons_used({}, "anything").empty());
  EXPECT_EQ(icons_used({noun("tea"), kDot}, ""), (std::vector<bool>{false, false}));
}

TEST(Coverage, InflectedFormsCount) {
  for (const char* form : {"go", "goes", "went", "gone", "going", "Let's GO"})
    EXPECT_TRUE(uses(verb("go"), form)) << form;
  for (const char* form : {"stop", "stops", "stopped", "stopping"}) EXPECT_TRUE(uses(verb("stop"), form)) << form;
  for (const char* form : {"I'm here", "you\u2019re late", "it isn't", "they were", "it's been good"})
    EXPECT_TRUE(uses(verb("be"), form)) << form;
  for (const char* form : {"I've one", "she has", "we had"}) EXPECT_TRUE(uses(verb("have"), form)) << form;
  for (const char* form : {"can't", "cannot", "could"}) EXPECT_TRUE(uses(verb("can"), form)) << form;
  for (const char* form : {"the child's toy", "two children"}) EXPECT_TRUE(uses(noun("child"), form)) << form;
  for (const char* form : {"big", "bigger", "Biggest!"}) EXPECT_TRUE(uses(quality("big"), form)) << form;
  for (const char* form : {"happily", "happier", "happiest"}) EXPECT_TRUE(uses(quality("happy"), form)) << form;
  for (const char* form : {"my", "me", "mine", "I"}) EXPECT_TRUE(uses(noun("I"), form)) << form;
  EXPECT_TRUE(uses(noun("gloves"), "a red glove"));
  EXPECT_TRUE(uses(verb("to run"), "She is running"));
}

TEST(Coverage, OtherWordsDoNot) {
  EXPECT_FALSE(uses(verb("go"), "a good goal"));
  EXPECT_FALSE(uses(noun("tea"), "the team teases"));
  EXPECT_FALSE(uses(noun("I"), "he is"));
  EXPECT_FALSE(uses(noun("he"), "she is here"));
  EXPECT_FALSE(uses(verb("be"), "bee"));
}

TEST(Coverage, PhrasesMayHaveWordsBetween) {
  EXPECT_TRUE(uses(verb("brush teeth"), "I brushed my teeth"));
  EXPECT_TRUE(uses(noun("ice cream"), "two ice-creams"));
  EXPECT_FALSE(uses(noun("ice cream"), "cream on ice"));
  EXPECT_FALSE(uses(noun("ice cream"), "ice"));
  EXPECT_TRUE(uses(noun("let's"), "Let's go"));
  EXPECT_TRUE(uses(noun("let's"), "Let us go"));
  EXPECT_TRUE(uses(noun("let's"), "Let him go"));
  EXPECT_FALSE(uses(noun("let's"), "let go"));
  EXPECT_TRUE(uses(verb("want"), "Oh, I'd love a bath"));
  EXPECT_TRUE(uses(verb("want"), "She would like that"));
  EXPECT_FALSE(uses(verb("want"), "I love a bath"));
  EXPECT_TRUE(uses(Icon{"furious", IconType::kAdjective, ""}, "He wees furiously"));
  EXPECT_TRUE(uses(verb("can"), "I'd love to be able to swim"));
  EXPECT_EQ(icons_used({Icon{"past", IconType::kTensePast, ""}, Icon{"future", IconType::kTenseFuture, ""}}, "I'd go"),
            (std::vector<bool>{true, true}));
  EXPECT_EQ(icons_used({Icon{"past", IconType::kTensePast, ""}}, "In the past."), (std::vector<bool>{true}));
  EXPECT_EQ(icons_used({Icon{"future", IconType::kTenseFuture, ""}}, "In the future."), (std::vector<bool>{true}));
  EXPECT_EQ(icons_used({Icon{"future", IconType::kTenseFuture, ""}}, "I'd go"), (std::vector<bool>{false}));
  EXPECT_TRUE(uses(quality("tomorrow / in the future"), "See you tomorrow"));
  EXPECT_TRUE(uses(noun("bat (animal)"), "a bat"));
}

TEST(Coverage, GrammarByItsEffect) {
  EXPECT_TRUE(uses(kNot, "I don't know"));
  EXPECT_TRUE(uses(kNot, "No tea"));
  EXPECT_TRUE(uses(quality("no"), "I don't like tea"));
  EXPECT_FALSE(uses(quality("no"), "I like tea"));
  EXPECT_FALSE(uses(kNot, "I know"));
  EXPECT_TRUE(uses(kQuestion, "Is it?"));
  EXPECT_FALSE(uses(kQuestion, "It is."));
  EXPECT_TRUE(uses(kDot, "I am."));
  EXPECT_FALSE(uses(kDot, "I am"));
  EXPECT_TRUE(uses(kFuture, "We'll see"));
  EXPECT_TRUE(uses(kFuture, "I won't"));
  EXPECT_TRUE(uses(kFuture, "I'm going to eat"));
  EXPECT_FALSE(uses(kFuture, "I go to school"));
  EXPECT_TRUE(icons_used({kPast, verb("eat")}, "The dog ate it").at(0));
  EXPECT_FALSE(icons_used({kPast, verb("eat")}, "The dog eats it").at(0));
  EXPECT_TRUE(icons_used({kPast, verb("eat")}, "Did the dog eat it?").at(0));
  EXPECT_TRUE(icons_used({kPast, verb("put")}, "I put it there").at(0));
  EXPECT_TRUE(icons_used({kPast, noun("dog")}, "It barked").at(0));
  EXPECT_FALSE(icons_used({kPast, noun("bed")}, "I need the red bed, I am tired").at(0));
}

TEST(Coverage, AnyBytesOfUtf8AreFine) {
  EXPECT_TRUE(uses(noun("café"), "Un CAFÉ, s'il te plaît"));
  EXPECT_FALSE(uses(noun("日本"), "'''’’ 😀 \u0301"));
  EXPECT_TRUE(uses(noun("😀"), "no words to look for"));
  EXPECT_TRUE(uses(noun("(("), ""));
}

TEST(Coverage, DraftsUseTheirIcons) {
  const std::filesystem::path data = testing::source_dir() / "data";
  const Lexicon lexicon = Lexicon::read(data / "icons.tsv", {});
  const IconSampler sampler(read_board(data / "board.json", lexicon, false));
  for (std::uint64_t i = 0; i < 4000; ++i) {
    CounterDraws draws(99, i);
    const std::vector<Icon> icons = sampler.sample(draws);
    const std::string sentence = realise(icons, lexicon);
    const std::vector<bool> used = icons_used(icons, sentence);
    const auto missing = std::find(used.begin(), used.end(), false);
    EXPECT_EQ(missing, used.end()) << icons[static_cast<std::size_t>(missing - used.begin())].word
                                   << " in: " << sentence;
  }
}

struct DemoRow {
  std::string prompt, reference;
};

std::vector<DemoRow> demo_rows(const std::string& name) {
  std::ifstream file(testing::source_dir() / "data/demo" / name);
  std::vector<DemoRow> rows;
  for (std::string line; std::getline(file, line);) {
    const std::string text = nlohmann::json::parse(line).at("text");
    const std::size_t end = text.find(kBotTurn) + kBotTurn.size();
    rows.push_back({text.substr(0, end), text.substr(end)});
  }
  return rows;
}

TEST(Coverage, EverydayReferencesUseTheirIcons) {
  const Lexicon lexicon = Lexicon::read(testing::source_dir() / "data/icons.tsv", {});
  const std::vector<DemoRow> rows = demo_rows("everyday.jsonl");
  EXPECT_EQ(rows.size(), 80U);
  for (const DemoRow& row : rows) {
    const std::vector<Icon> icons = icons_of_prompt(row.prompt);
    EXPECT_EQ(prompt_of_icons(icons), row.prompt);
    const std::vector<bool> used = icons_used(icons, row.reference);
    for (std::size_t i = 0; i < icons.size(); ++i) {
      const LexiconEntry* known = lexicon.find(icons[i]);
      EXPECT_TRUE(known != nullptr && known->icon == icons[i]) << icons[i].word << " before: " << row.reference;
      EXPECT_TRUE(used[i]) << icons[i].word << " in: " << row.reference;
    }
  }
}

TEST(Coverage, EverydayRequestsAreNeverTrainedOn) {
  std::set<std::string> seen;
  for (const char* name : {"rewrites.jsonl", "held-out.jsonl"}) {
    for (const DemoRow& row : demo_rows(name)) seen.insert({row.prompt, row.reference});
  }
  EXPECT_GT(seen.size(), 1000U);
  for (const DemoRow& row : demo_rows("everyday.jsonl")) {
    EXPECT_TRUE(seen.insert(row.prompt).second) << row.prompt;
    EXPECT_TRUE(seen.insert(row.reference).second) << row.reference;
  }
}

}  // namespace
}  // namespace aacft
