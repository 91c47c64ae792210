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

}  // namespace
}  // namespace aacft::testing
