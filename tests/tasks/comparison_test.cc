// Systems that need no model; those that do are compared by tests/cli/eval_test.cc.
#include "aacft/tasks/comparison.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/boards/icon.h"
#include "support/paths.h"

namespace aacft::testing {
namespace {

class ComparisonTest : public ::testing::Test {
 protected:
  ComparisonTest() {
    const std::string prompt = prompt_of_icons({{"I", IconType::kNoun, "me.png"}, {"run", IconType::kVerb, "run.png"}});
    std::string rows;
    for (const char* reference : {"I am running.", "I run a lot."}) {
      std::string text = prompt + " " + reference;
      for (std::size_t at = 0; (at = text.find('\n', at)) != text.npos; at += 2) text.replace(at, 1, "\\n");
      rows += "{\"text\": \"" + text + "\\n\"}\n";
    }
    options.data = folder / "rows.jsonl";
    write_file_atomic(options.data, rows);
    write_file_atomic(folder / "a.jsonl", "{\"text\": \" I am running.\\n<human>: more\"}\n{\"text\": \"He eats.\"}\n");
    options.lexicon = source_dir() / "data/icons.tsv";
    options.baselines = {"rules"};
    options.systems = {"a=" + (folder / "a.jsonl").string()};
    options.bootstrap.samples = 20;
  }

  TemporaryFolder folder;
  ComparisonOptions options;
};

TEST_F(ComparisonTest, AnswersStandBesideTheReferences) {
  const std::optional<Comparison> comparison = compare_systems(options, {});
  ASSERT_TRUE(comparison);
  ASSERT_EQ(comparison->rows.size(), 2u);
  EXPECT_EQ(comparison->rows[1].reference, "I run a lot.");
  ASSERT_EQ(comparison->systems.size(), 2u);
  const ComparedSystem &rules = comparison->systems[0], &file = comparison->systems[1];
  EXPECT_EQ(rules.source, "rules");
  EXPECT_EQ(file.name, "a");
  EXPECT_EQ(file.source, (folder / "a.jsonl").string());
  EXPECT_EQ(file.answers, (std::vector<std::string>{"I am running.", "He eats."}));  // references are one line
  EXPECT_EQ(file.score(Metric::kExact)->value, 50);
  EXPECT_TRUE(file.score(Metric::kExact)->difference);
  EXPECT_FALSE(rules.score(Metric::kExact)->difference);  // the first one
  EXPECT_EQ(file.score(Metric::kPerplexity), nullptr);
  EXPECT_EQ(file.icons_used[1], (std::vector<bool>{false, false}));
}

// An end token's text may be what somebody says; and a conversation ends with its last answer.
TEST_F(ComparisonTest, ReferencesOfConversationsAreTheirLastAnswers) {
  options.rows.chat_style = chat_style("chatml");
  options.baselines.clear();
  const auto turn = [](const char* role, const char* content) {
    return nlohmann::json{{"role", role}, {"content", content}};
  };
  const nlohmann::json first = {turn("user", "a"), turn("assistant", "one"), turn("user", "b"),
                                turn("assistant", "It is <|im_end|> that ends it.")},
                       second = {turn("user", "c"), turn("assistant", "two")};
  write_file_atomic(options.data, nlohmann::json{{"messages", first}}.dump() + "\n" +
                                      nlohmann::json{{"messages", second}}.dump() + "\n");
  const auto rows = compare_systems(options, {})->rows;
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].reference, "It is <|im_end|> that ends it.");
  EXPECT_EQ(rows[1].reference, "two");
}

TEST_F(ComparisonTest, ThePageShowsEveryAnswer) {
  const std::string page = comparison_page(*compare_systems(options, {}));
  for (const char* part : {"2 sentences of <code>rows.jsonl</code>", "<mark>He eats.</mark>", "left out: I, run"})
    EXPECT_NE(page.find(part), page.npos) << part;
}

TEST_F(ComparisonTest, WhatDoesNotFitTogetherIsRefused) {
  const auto refused = [&](const auto& change) {
    ComparisonOptions changed = options;
    change(changed);
    EXPECT_THROW(compare_systems(changed, {}), Error);
  };
  refused([](ComparisonOptions& o) { o.baselines = {"luck"}; });
  refused([](ComparisonOptions& o) { o.baselines = {"base"}; });
  refused([](ComparisonOptions& o) { o.systems.push_back(o.systems[0]); });
  refused([](ComparisonOptions& o) { o.general = o.data; });
  refused([](ComparisonOptions& o) { o.data.clear(); });
  refused([](ComparisonOptions& o) { o.systems.clear(), o.baselines.clear(); });
  write_file_atomic(folder / "a.jsonl", "{\"text\": \"one\"}\n");
  refused([](ComparisonOptions&) {});
}

}  // namespace
}  // namespace aacft::testing
