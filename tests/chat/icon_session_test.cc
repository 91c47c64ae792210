// Icons typed as words, by script.
#include "aacft/chat/icon_session.h"

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "chat/script.h"
#include "support/goldens.h"
#include "support/paths.h"

namespace aacft::testing {
namespace {

class Icons : public ::testing::Test {
 protected:
  const std::unique_ptr<Tokenizer> tokenizer = load_tokenizer(goldens_dir() / "tokenizer");
  const Lexicon lexicon = Lexicon::read(source_dir() / "data/icons.tsv", {});
  ScriptedConsole console;
  ScriptedAnswerer answerer{*tokenizer, 2000};
  IconOptions options;
  std::vector<std::string> spoken;

  Icons() {
    options.style = openchatkit_style();
    options.speak = [this](const std::string& sentence) { spoken.push_back(sentence); };
  }
  void talk(std::deque<std::string> lines) {
    console.lines = std::move(lines);
    IconSession({answerer, *tokenizer, 2000, {"anna"}}, lexicon, options, console).run();
  }
  std::string prompt(std::size_t i) const { return tokenizer->decode(answerer.asked.at(i).prompt_ids); }
};

TEST_F(Icons, ANumberChoosesASentence) {
  answerer.sayings = {{" Tea, please.\n"}, {" I'd want a tea, my love.\n"}, {" Tea, please.\n"}};
  talk({"I want tea", "4", "2", "I want tea"});
  EXPECT_TRUE(
      console.notes.starts_with("1  I want some tea.  (by rule)\n"
                                "2  I'd want a tea, my love.\n"
                                "3  Tea, please.  (leaves out: I, want)\n"
                                "there is no sentence 4; choose 1 to 3, or type other icons\n"
                                "1  I want some tea.  (by rule)\n"))
      << console.notes;
  EXPECT_EQ(console.out, "I'd want a tea, my love.\n");
  EXPECT_EQ(spoken, std::vector<std::string>{"I'd want a tea, my love."});
  EXPECT_EQ(console.prompts,
            (std::vector<std::string>{"icons> ", "1-3, or icons> ", "1-3, or icons> ", "icons> ", "1-1, or icons> "}));
}

TEST_F(Icons, TheModelIsAskedAsItWasTrained) {
  options.candidates = 2;
  talk({"I want tea"});
  ASSERT_EQ(answerer.asked.size(), 2u);
  EXPECT_EQ(prompt(0), prompt_of_icons(icons_of_prompt(prompt(0))));
  EXPECT_EQ(prompt(1), prompt(0));
  EXPECT_EQ(answerer.asked[0].options.sampling.temperature, 0);
  EXPECT_EQ(answerer.asked[1].options.sampling.temperature, 0.7);
  EXPECT_NE(answerer.asked[1].draw, answerer.asked[0].draw);

  options.into_prompt = true;
  options.style = chat_style("chatml");
  options.voice = "anna";
  talk({"I want tea", "/raw_prompt", "/voice -", "I want tea"});
  EXPECT_EQ(answerer.asked[2].adapter, "anna");
  EXPECT_EQ(answerer.asked[2].options.stop.back(), "<|im_end|>");
  EXPECT_TRUE(console.notes.find(prompt(2) + "\n") != std::string::npos) << console.notes;
  EXPECT_EQ(prompt(2), prompt_with_draft(prompt(0), "I want some tea."));
  const std::string asked = prompt(4);  // of the model alone
  EXPECT_TRUE(asked.starts_with("<|im_start|>user\nSimulate an AAC communicator")) << asked;
  EXPECT_TRUE(asked.ends_with("In plain words: I want some tea.<|im_end|>\n<|im_start|>assistant\n")) << asked;
}

TEST_F(Icons, WordsThatAreNotInTheTable) {
  talk({"I want zorblat", "I want tea/XYZ", "", "2", "\xff"});
  EXPECT_TRUE(console.notes.starts_with(
      "(not in the table of words, so taken for a noun: zorblat; word/VERB, or another type, if that is wrong)\n"
      "1  I want"))
      << console.notes;
  EXPECT_NE(console.notes.find("XYZ"), std::string::npos) << console.notes;
  EXPECT_NE(console.notes.find("not text in UTF-8"), std::string::npos) << console.notes;
  EXPECT_EQ(console.out, "");
}

TEST_F(Icons, ChoicesAreSavedAsRows) {
  TemporaryFolder folder;
  const std::string file = (folder / "rows.jsonl").string();
  talk({"/save " + file, "I want tea", "1", "you want tea question", "1", "/undo", "/undo", "I thirsty", "1",
        "/save " + file});
  std::ifstream in(file);
  std::string text, more;
  std::getline(in, text);
  EXPECT_FALSE(std::getline(in, more));
  const nlohmann::json row = nlohmann::json::parse(text);
  EXPECT_EQ(row.size(), 2u);
  EXPECT_EQ(row.at("completion"), " I am thirsty.\n");
  EXPECT_EQ(icons_of_prompt(row.at("prompt").get<std::string>()).size(), 2u);
  EXPECT_TRUE(console.notes.starts_with("nothing was chosen yet\n")) << console.notes;
  EXPECT_NE(console.notes.find("(taken back: \"Do you want some tea?\")\n"), std::string::npos) << console.notes;
}

TEST_F(Icons, WhatWasFinishedIsOfferedWhereItIsStopped) {
  answerer.sayings = {{" Tea!\n"}, {" one two three four five six seven eight nine ten eleven twelve\n"}, {" Tea?\n"}};
  console.interrupt = [&] { return answerer.said.size() == 2; };
  talk({"I want tea", "3"});
  EXPECT_NE(console.notes.find("(stopped)\n"), std::string::npos) << console.notes;
  EXPECT_EQ(console.notes.find("twelve"), std::string::npos) << console.notes;
  EXPECT_EQ(answerer.cancelled, 1u);
  EXPECT_TRUE(console.out == "Tea!\n" || console.out == "Tea?\n") << console.out;
}

TEST_F(Icons, FailuresLeaveTheSentenceOfTheRules) {
  answerer.sayings = {{"", "error", {}, "not finite"}};
  options.candidates = 1;
  options.speak = [](const std::string&) { throw Error("no voice"); };
  talk({"I want tea", "1", "I want tea"});
  EXPECT_NE(console.notes.find("not finite\n"), std::string::npos) << console.notes;
  EXPECT_NE(console.notes.find("no voice\n"), std::string::npos) << console.notes;
  EXPECT_EQ(console.out, "I want some tea.\n");
}

}  // namespace
}  // namespace aacft::testing
