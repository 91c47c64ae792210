// Conversations by script.
#include "aacft/chat/chat_session.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>

#include "chat/script.h"
#include "support/goldens.h"
#include "support/paths.h"

namespace aacft::testing {
namespace {

using nlohmann::json;
using Saying = ScriptedAnswerer::Saying;

class Chat : public ::testing::Test {
 protected:
  const std::unique_ptr<Tokenizer> tokenizer = load_tokenizer(goldens_dir() / "tokenizer");
  std::int64_t context = 2000;
  ScriptedConsole console;
  ScriptedAnswerer answerer{*tokenizer, context};
  ChatOptions options{openchatkit_style(), {}, "", {}, false};

  Chat() { options.answer.max_new_tokens = 100; }

  // A model that stops as OpenChatKit's do: it begins to say what the person says next.
  Saying ended(const std::string& text) const { return {" " + text + "\n", "stop", tokenizer->encode("<human>: and")}; }
  void talk(std::deque<std::string> lines) {
    console.lines = std::move(lines);
    ChatSession({answerer, *tokenizer, context, {"anna", "ben"}}, options, console).run();
  }
  std::string prompt(std::size_t i) const { return tokenizer->decode(answerer.asked.at(i).prompt_ids); }
};

TEST_F(Chat, AnswersAreShownWithoutTheSpaceAroundThem) {
  answerer.sayings = {ended("hi there"), ended(" two\n\nlines \n\n"), {" \n", "stop"}};
  talk({"hello", "", "  and now?  ", "nothing", "//slash"});
  EXPECT_EQ(console.out, "hi there\ntwo\n\nlines\n");
  EXPECT_EQ(console.notes, "(the model said nothing)\n(the model said nothing)\n");
  EXPECT_EQ(prompt(0), "<human>: hello\n<bot>:");
  EXPECT_TRUE(prompt(1).starts_with("<human>: hello\n<bot>: hi there\n<human>: and now?\n<bot>:")) << prompt(1);
  EXPECT_TRUE(prompt(3).ends_with("<human>: /slash\n<bot>:")) << prompt(3);
  ASSERT_EQ(answerer.asked.size(), 4u);
  EXPECT_EQ(answerer.asked[0].options.stop, std::vector<std::string>{"<human>"});
}

TEST_F(Chat, ATurnCostsItsNewTokens) {
  options.stats = true;
  answerer.sayings = {ended("one"), ended("two"), ended("three")};
  talk({"hello there", "again", "/hyperparameters", "/voice anna", "and once more"});
  ASSERT_EQ(answerer.said.size(), 3u);
  EXPECT_EQ(answerer.said[0].reused, 0);
  const auto tokens = [&](const char* text) { return static_cast<std::int64_t>(tokenizer->encode(text).size()); };
  EXPECT_GE(answerer.said[1].reused, tokens("<human>: hello there\n<bot>: one\n"));
  EXPECT_LE(static_cast<std::int64_t>(answerer.said[1].prompt_ids.size()) - answerer.said[1].reused,
            tokens("<human>: again\n<bot>:"));
  EXPECT_EQ(answerer.said[2].reused, 0);  // with another adapter all is computed anew
  EXPECT_EQ(answerer.asked[2].adapter, "anna");
  const std::string kept = " " + std::to_string(answerer.said[1].reused) + " kept; ";
  const std::size_t stats = console.notes.find(kept);
  EXPECT_NE(stats, std::string::npos) << console.notes;
  EXPECT_NE(console.notes.find("the last answer: ", stats), std::string::npos) << console.notes;
  EXPECT_NE(console.notes.find("* anna\n  ben\n  -  the model without an adapter\n"), std::string::npos);
}

TEST_F(Chat, UndoResetSystemAndRawPrompt) {
  answerer.sayings = {ended("one"), ended("two"), ended("three"), ended("four")};
  talk({"/undo", "/raw_prompt", "a", "b", "/undo", "b", "/raw_prompt", "/system", "/system be kind", "/system",
        "/system -", "/reset", "c", "/raw_prompt"});
  EXPECT_EQ(prompt(1), prompt(2));
  EXPECT_NE(answerer.asked[1].draw, answerer.asked[2].draw);  // or it would say the same
  EXPECT_EQ(console.notes,
            "nothing was said that could be taken back\n"
            "\n"
            "(taken back: \"b\")\n"
            "<human>: a\n<bot>: one\n<human>: b\n<bot>: three\n\n"
            "(there is none)\n"
            "(from the next turn on)\n"
            "be kind\n"
            "(from the next turn on)\n"
            "(the conversation begins anew)\n"
            "<human>: c\n<bot>: four\n\n");
}

TEST_F(Chat, TheStylesOwnSystemText) {
  options.style = chat_style("smollm2");
  options.system = "Be brief.";
  talk({"a", "/system", "/system -", "/system", "a"});
  EXPECT_TRUE(prompt(0).starts_with("<|im_start|>system\nBe brief.<|im_end|>\n")) << prompt(0);
  EXPECT_NE(console.notes.find("Be brief.\n"), std::string::npos);
  EXPECT_NE(console.notes.find("named SmolLM, trained by Hugging Face\n(so the chat style has it)"), std::string::npos);
  EXPECT_TRUE(prompt(1).starts_with("<|im_start|>system\nYou are a helpful AI")) << prompt(1);
  EXPECT_EQ(answerer.asked[0].options.stop, (std::vector<std::string>{"<human>", "<|im_end|>"}));
}

TEST_F(Chat, AnInterruptStopsTheAnswerAlone) {
  answerer.sayings = {
      {" one two three four five six seven eight", "eos"}, ended("fine"), {" never", "eos"}, ended("x")};
  int until = 4;
  console.interrupt = [&] { return --until == 0; };
  talk({"count", "and?"});
  EXPECT_EQ(answerer.cancelled, 1u);
  const std::string first = console.out.substr(0, console.out.find('\n'));
  EXPECT_TRUE(first.starts_with("one") && first.find("eight") == first.npos) << first;
  EXPECT_EQ(console.out, first + "\nfine\n");
  EXPECT_EQ(console.notes, "(stopped)\n");
  EXPECT_EQ(prompt(1), "<human>: count\n<bot>: " + first + "\n<human>: and?\n<bot>:");
}

TEST_F(Chat, WhatFailsIsTakenBack) {
  answerer.sayings = {ended("one"), {" \n\n never", "eos"}, {"", "error", {}, "not finite"}, ended("two")};
  console.interrupt = [&] { return answerer.asked.size() == 2; };
  talk({"a", "stopped at once", "fails", "\xff", std::string(3000, 'x'), "b"});
  EXPECT_EQ(prompt(3), "<human>: a\n<bot>: one\n<human>: b\n<bot>:");
  const auto notes = console.notes;
  for (const char* part : {"(stopped before a word was said; your question is taken back)\n", "not finite\n",
                           "not text in UTF-8\n", "must hold it and an answer"})
    EXPECT_NE(notes.find(part), notes.npos) << part << " is not in " << notes;
}

TEST_F(Chat, AnswersThatAreCutOffSayWhy) {
  answerer.sayings = {{" one", "length"}, {" two", "context"}};
  talk({"a", "b"});
  EXPECT_EQ(console.notes, "(cut off: --max-new-tokens is 100)\n(cut off: the model's context is full)\n");
  EXPECT_EQ(prompt(1), "<human>: a\n<bot>: one\n<human>: b\n<bot>:");
}

TEST_F(Chat, TheOldestTurnsAreForgottenAloud) {
  context = 200;
  std::deque<std::string> lines;
  for (int i = 0; i < 20; ++i) {
    answerer.sayings.push_back(ended("answer " + std::to_string(i)));
    lines.push_back("question " + std::to_string(i));
  }
  TemporaryFolder folder;
  lines.push_back("/save " + (folder / "all.jsonl").string());
  talk(lines);
  EXPECT_NE(console.notes.find("(the context of 200 tokens is full: the oldest "), std::string::npos) << console.notes;
  for (const Request& request : answerer.asked) EXPECT_LE(request.prompt_ids.size(), 150u);
  EXPECT_EQ(prompt(19).find("question 0"), std::string::npos);
  EXPECT_TRUE(prompt(19).ends_with("<bot>: answer 18\n<human>: question 19\n<bot>:")) << prompt(19);
  std::ifstream file(folder / "all.jsonl");
  EXPECT_EQ(json::parse(file).at("messages").size(), 40u);  // what the model forgot is saved, too
}

TEST_F(Chat, SavedConversationsAreRows) {
  TemporaryFolder folder;
  const std::string file = (folder / "a b.jsonl").string();
  answerer.sayings = {ended("one \"1\""), ended("two")};
  talk({"/save " + file, "/system be kind", "a", "b", "/undo", "/save " + file, "/save " + file});
  std::ifstream in(file);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(json::parse(text), (json{{"messages",
                                      {{{"role", "system"}, {"content", "be kind"}},
                                       {{"role", "user"}, {"content", "a"}},
                                       {{"role", "assistant"}, {"content", "one \"1\""}}}}}));
  EXPECT_EQ(text.back(), '\n');
  EXPECT_NE(console.notes.find("nothing was said yet\n"), std::string::npos) << console.notes;
  EXPECT_NE(console.notes.find("(1 turn saved in "), std::string::npos) << console.notes;
  EXPECT_NE(console.notes.find("is there already; choose another name\n"), std::string::npos) << console.notes;
}

TEST_F(Chat, VoicesThatAreNotThere) {
  options.voice = "ben";
  talk({"/voice carl", "a", "/voice -", "a"});
  EXPECT_TRUE(console.notes.starts_with("there is no voice \"carl\"; there are anna, ben, and - for none of them\n"));
  EXPECT_EQ(answerer.asked[0].adapter, "ben");
  EXPECT_EQ(answerer.asked[1].adapter, "");
}

TEST_F(Chat, ExitEndsIt) {
  talk({"/exit", "a"});
  EXPECT_TRUE(answerer.asked.empty());
}

}  // namespace
}  // namespace aacft::testing
