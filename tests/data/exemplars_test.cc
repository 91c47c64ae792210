// Exemplars in front of prompts.
#include "aacft/data/exemplars.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "aacft/base/error.h"
#include "formats/support.h"
#include "support/paths.h"

namespace aacft::testing {
namespace {

const std::string kRows =
    "{\"text\": \"<human>: a\\n<bot>: one\\n\"}\n"
    "{\"prompt\": \"<human>: b\\n<bot>:\", \"completion\": \" two\"}\n"
    "\n"
    "{\"messages\": [{\"role\": \"user\", \"content\": \"c\"}, {\"role\": \"assistant\", \"content\": \"three\"}]}\n"
    "{\"text\": \"<human>: d\\n<bot>: four \\n\"}\n";

std::vector<Exemplar> exemplars() { return read_exemplars(kRows, "shots.jsonl"); }

TEST(Exemplars, AreWholeRowsThatEndInANewline) {
  const auto read = exemplars();
  ASSERT_EQ(read.size(), 4u);
  EXPECT_EQ(read[0].prompt, "<human>: a\n<bot>:");
  EXPECT_EQ(read[0].text, "<human>: a\n<bot>: one\n");
  EXPECT_EQ(read[1].text, "<human>: b\n<bot>: two\n");  // the newline is ours
  EXPECT_EQ(read[2].text, "<human>: c\n<bot>: three\n");
  EXPECT_EQ(read[3].text, "<human>: d\n<bot>: four \n");
  EXPECT_EQ(read[3].line, 5u);
}

TEST(Exemplars, StandBeforeThePromptInTheirOrder) {
  EXPECT_EQ(few_shot_prompt(exemplars(), 2, "<human>: x\n<bot>:"),
            "<human>: a\n<bot>: one\n<human>: b\n<bot>: two\n<human>: x\n<bot>:");
  EXPECT_EQ(few_shot_prompt(exemplars(), 0, "x"), "x");
  EXPECT_TRUE(few_shot_prompt(exemplars(), 4, "x").ends_with("<bot>: four \nx"));
}

TEST(Exemplars, NoPromptSeesItsOwnAnswer) {
  EXPECT_EQ(few_shot_prompt(exemplars(), 2, "<human>: a\n<bot>:"),
            "<human>: b\n<bot>: two\n<human>: c\n<bot>: three\n<human>: a\n<bot>:");
  EXPECT_EQ(few_shot_prompt(exemplars(), 2, "<human>: d\n<bot>:"),
            few_shot_prompt(exemplars(), 2, "") + "<human>: d\n<bot>:");
}

TEST(Exemplars, TooFew) {
  expect_error([] { few_shot_prompt(exemplars(), 5, "x"); }, {"5 exemplars", "only 4"});
  expect_error([] { few_shot_prompt(exemplars(), 4, "<human>: a\n<bot>:"); }, {"only 4", "itself"});
}

TEST(Exemplars, SeedsReorderThem) {
  const auto order = [](std::uint64_t seed) {
    std::vector<Exemplar> many(20);
    for (std::size_t i = 0; i < many.size(); ++i) many[i].line = i;
    reorder(many, seed);
    std::vector<std::size_t> lines;
    for (const Exemplar& exemplar : many) lines.push_back(exemplar.line);
    return lines;
  };
  const auto first = order(0), other = order(1);
  EXPECT_TRUE(std::is_sorted(first.begin(), first.end()));
  EXPECT_NE(other, first);
  EXPECT_EQ(other, order(1));
  EXPECT_NE(other, order(2));
  EXPECT_TRUE(std::is_permutation(other.begin(), other.end(), first.begin(), first.end()));
}

TEST(Exemplars, RowsWithoutAnAnswer) {
  for (const char* row :
       {"{\"text\": \"<human>: a\\n<bot>: \\n\"}", "{\"text\": \"no marker\"}",
        "{\"prompt\": \"a\", \"completion\": \"\"}", "{\"messages\": [{\"role\": \"user\", \"content\": \"c\"}]}"})
    expect_error([&] { read_exemplars("\n" + std::string(row), "shots.jsonl"); }, {"shots.jsonl:2: ", "no answer"});
  expect_error([] { read_exemplars("{\"prompt\": \"a\"}", "shots.jsonl"); }, {"shots.jsonl:1: "});
  expect_error([] { read_exemplars("nonsense", "shots.jsonl"); }, {"shots.jsonl:1: ", "JSON"});
  expect_error([] { read_exemplars("", "shots.jsonl"); }, {"shots.jsonl", "no rows"});
}

TEST(Exemplars, MustLeaveRoomForTheAnswer) {
  const auto tokenizer = load_tokenizer(goldens_dir() / "tokenizer");
  const std::vector<std::string> prompts = {"short", "<human>: x\n<bot>:"},
                                 texts = {"short", few_shot_prompt(exemplars(), 3, prompts[1])};
  const auto all = static_cast<std::int64_t>(tokenizer->encode(texts[1]).size()),
             own = static_cast<std::int64_t>(tokenizer->encode(prompts[1]).size());
  EXPECT_NO_THROW(check_room(prompts, texts, *tokenizer, 10, all + 10));
  expect_error(
      [&] { check_room(prompts, texts, *tokenizer, 11, all + 10); },
      {"prompt 2", "exemplars have " + std::to_string(all - own), "it has " + std::to_string(own),
       "11 are for the answer", "together " + std::to_string(all + 11), "context is " + std::to_string(all + 10)});
}

DataOptions chatml() {
  DataOptions options{.chat_pairs = true};
  options.chat_style = chat_style("chatml");
  return options;
}

TEST(Exemplars, AreEarlierTurnsOfAChat) {
  const std::string rows =
      "{\"messages\": [{\"role\": \"system\", \"content\": \"s\"}, {\"role\": \"user\", \"content\": \"a\"}, "
      "{\"role\": \"assistant\", \"content\": \"one\"}]}\n"
      "{\"prompt\": \"b\", \"completion\": \"two\"}\n";
  const auto shown = read_exemplars(rows, "shots.jsonl", chatml());
  const auto turn = [](const std::string& role, const std::string& said) {
    return "<|im_start|>" + role + "\n" + said + "<|im_end|>\n";
  };
  const std::string turns = turn("user", "a") + turn("assistant", "one") + turn("user", "b") + turn("assistant", "two"),
                    ask = turn("user", "c") + "<|im_start|>assistant\n";
  const ChatStyle style = chat_style("chatml");
  EXPECT_EQ(few_shot_prompt(shown, 2, {{"user", "c"}}, style), turn("system", "s") + turns + ask);
  EXPECT_EQ(few_shot_prompt(shown, 2, {{"system", "t"}, {"user", "c"}}, style), turn("system", "t") + turns + ask);
  EXPECT_EQ(few_shot_prompt(shown, 0, {{"user", "c"}}, style), ask);
  EXPECT_EQ(few_shot_prompt(shown, 1, {{"user", "b"}}, style), turn("system", "s") + turn("user", "a") +
                                                                   turn("assistant", "one") + turn("user", "b") +
                                                                   "<|im_start|>assistant\n");
  // The prompt itself is passed over.
  expect_error([&] { few_shot_prompt(shown, 2, {{"user", "b"}}, style); }, {"only 2", "itself"});
}

TEST(Exemplars, WhatCannotBeATurnIsSaid) {
  const auto text = read_exemplars("\n{\"text\": \"<human>: a\\n<bot>: one\\n\"}", "shots.jsonl", chatml());
  expect_error([&] { few_shot_prompt(text, 1, {{"user", "c"}}, chat_style("chatml")); }, {"line 2", "turns"});
  const std::string unanswered = "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}";
  expect_error([&] { read_exemplars(unanswered, "shots.jsonl", chatml()); }, {"shots.jsonl:1: ", "no answer"});
  expect_error([&] { read_exemplars("{\"prompt\": \"a\", \"completion\": \" \"}", "shots.jsonl", chatml()); },
               {"no answer"});
}

TEST(Exemplars, InOpenChatKitTurnsAndTextAreTheSame) {
  const std::string rows =
      "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", \"content\": \"one\"}]}";
  const auto shown = read_exemplars(rows, "shots.jsonl");
  EXPECT_EQ(few_shot_prompt(shown, 1, {{"user", "c"}}, openchatkit_style()),
            few_shot_prompt(shown, 1, "<human>: c\n<bot>:"));
}

}  // namespace
}  // namespace aacft::testing
