// Pairs of styles, the prompts made of them, and what becomes of a model's answers.
#include "aacft/data/restyle.h"

#include <gtest/gtest.h>

#include "aacft/base/error.h"
#include "formats/support.h"

namespace aacft::testing {
namespace {

const std::string kRows =
    "{\"text\": \"<human>: i1\\n<bot>: I am behind\\n\"}\n"
    "{\"text\": \"<human>: i2\\n<bot>: I want tea \\n\"}\n"
    "{\"text\": \"<human>: i3\\n<bot>: Two\\n lines\\n\"}\n";

std::vector<PlainRow> rows() { return read_plain_rows(kRows, "rows.jsonl"); }
std::vector<StylePair> pairs(const std::string& content) {
  return read_style_pairs(content, "pairs.jsonl", rows(), "rows.jsonl");
}

TEST(Restyle, PlainRows) {
  const auto read = rows();
  ASSERT_EQ(read.size(), 3u);
  EXPECT_EQ(read[0].prompt, "<human>: i1\n<bot>:");
  EXPECT_EQ(read[0].plain, "I am behind");
  EXPECT_EQ(read[1].plain, "I want tea");
  EXPECT_EQ(read[2].plain, "Two lines");
  EXPECT_EQ(read[2].line, 3u);
  expect_error([] { read_plain_rows("{\"text\": \"<human>: a\\n<bot>:\"}", "rows.jsonl"); },
               {"rows.jsonl:1", "no answer"});
}

TEST(Restyle, PairsAreGivenOrFoundByTheirPrompt) {
  const auto read = pairs(
      "{\"prompt\": \" I am late \", \"completion\": \" I'm late again\\n\"}\n"
      "{\"text\": \"<human>: i2\\n<bot>: Tea, please!\\n\"}\n"
      "{\"prompt\": \"<human>: i1\\n<bot>:\", \"completion\": \" I'm lagging\\n\"}\n");
  ASSERT_EQ(read.size(), 3u);
  EXPECT_EQ(read[0].plain, "I am late");
  EXPECT_EQ(read[0].styled, "I'm late again");
  EXPECT_EQ(read[1].plain, "I want tea");
  EXPECT_EQ(read[1].styled, "Tea, please!");
  EXPECT_EQ(read[2].plain, "I am behind");
  EXPECT_EQ(read[2].styled, "I'm lagging");
  expect_error([] { pairs("\n{\"text\": \"<human>: i9\\n<bot>: Tea!\\n\"}"); },
               {"pairs.jsonl:2: ", "rows.jsonl", "not known"});
  expect_error([] { pairs("{\"prompt\": \"a\", \"completion\": \" \"}"); }, {"pairs.jsonl:1: ", "empty"});
  expect_error([] { pairs("{\"prompt\": \"a\", \"completion\": 5}"); }, {"pairs.jsonl:1: ", "string"});
  expect_error([] { pairs("{\"prompt\": \"a\"}"); }, {"pairs.jsonl:1: "});
  expect_error([] { pairs("nonsense"); }, {"pairs.jsonl:1: ", "JSON"});
  expect_error([] { pairs("\n"); }, {"pairs.jsonl", "no rows"});
}

TEST(Restyle, Prompts) {
  const auto shown = restyle_exemplars("Warmer:", {{"I am late", "Sorry, I'm late"}, {"Hello", "Hiya"}});
  EXPECT_EQ(few_shot_prompt(shown, 2, restyle_prompt("Warmer:", "I want tea")),
            "<human>: Warmer: I am late\n<bot>: Sorry, I'm late\n<human>: Warmer: Hello\n<bot>: Hiya\n<human>: Warmer: "
            "I want tea\n<bot>:");
}

TEST(Restyle, PromptsInAChatStyle) {
  const ChatStyle style = chat_style("llama2");
  const auto shown = restyle_exemplars("Warmer:", {{"I am late", "Sorry, I'm late"}}, style);
  EXPECT_EQ(restyle_prompt("Warmer:", "I want tea", style), "<s>[INST] Warmer: I want tea [/INST]");
  EXPECT_EQ(few_shot_prompt(shown, 1, restyle_messages("Warmer:", "I want tea"), style),
            "<s>[INST] Warmer: I am late [/INST] Sorry, I'm late </s><s>[INST] Warmer: I want tea [/INST]");
}

TEST(Restyle, AnswersAreChecked) {
  const std::vector<StylePair> shown = {{"I am late", "Sorry, I'm late"}, {"Yes", "\U0001F44D"}};
  const auto good = [&](const std::string& answer, const std::string& sentence) {
    const Restyled restyled = checked_answer(answer, "I want tea", shown);
    EXPECT_EQ(restyled.sentence, sentence) << answer;
    EXPECT_EQ(restyled.problem, "") << answer;
  };
  const auto bad = [&](const std::string& answer, const std::string& why) {
    const Restyled restyled = checked_answer(answer, "I want tea", shown);
    EXPECT_EQ(restyled.sentence, "I want tea") << answer;
    EXPECT_NE(restyled.problem.find(why), std::string::npos) << answer << ": " << restyled.problem;
  };
  good(" Tea, please! \n<human>: more", "Tea, please!");
  good("\n Tea\nand more", "Tea");
  good("\"Tea for me\"", "Tea for me");
  good("\"Tea\" for me", "\"Tea\" for me");
  good("I want tea", "I want tea");
  good("\U0001F375", "\U0001F375");
  bad("", "nothing");
  bad(" \n\t", "nothing");
  bad("\"\"", "nothing");
  bad("sorry -- I'M LATE!", "repeated");
  bad("\U0001F44D", "repeated");
  bad("Tea <bot>: tea", "marker");
  bad("Tea \ufffd", "cannot be read");
}

}  // namespace
}  // namespace aacft::testing
