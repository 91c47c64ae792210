// aacft plan: what it foretells is what happens.
#include "support.h"

namespace aacft::testing {
namespace {

class Plan : public CommandTest {};

using nlohmann::json;

TEST_F(Plan, ForetellsPassesAndMemory) {
  for (const Arguments& more : std::vector<Arguments>{
           {}, {"--share-prefixes", "off"}, {"--recompute", "on"}, {"--compute", "bf16", "--base-weights", "nf4"}}) {
    fs::remove_all(work / "out");
    const Arguments options =
        Arguments{"--model", seq, "--data", rows, "--max-steps", "6", "--eval-split", "0.1"} + more;
    const json plan = json::parse(succeeds(Arguments{"plan", "--json", "--no-timing"} + options).out);
    succeeds(Arguments{"train", "--output", "out"} + options);
    const auto steps = json_lines(read_text(work / "out/metrics.jsonl"));
    ASSERT_EQ(steps.size(), 6u);
    double passes = 0;
    for (const json& step : steps) passes += step.at("passes").get<double>() / 6;
    EXPECT_NEAR(plan.at("passes_a_step").get<double>(), passes, 1e-9);
    EXPECT_EQ(plan.at("steps"), 6);
    EXPECT_LE(plan.at("computed_tokens_a_step"), plan.at("tokens_a_step"));
    EXPECT_TRUE(plan.at("seconds_a_step").is_null());
    // A tiny model is lost in the program's own memory; what libraries take when they are first used is not foretold.
    const double peak = plan.at("peak_bytes"), measured = steps.back().at("peak_rss_bytes");
    EXPECT_GT(peak, 0.5 * measured);
    EXPECT_LT(peak, 2 * measured);
  }
}

TEST_F(Plan, SaysItInWords) {
  const Result result = succeeds({"plan", "--model", seq, "--data", rows});
  for (const char* part : {"memory", "at its peak", "a step", "disk", "200 steps"}) expect_contains(result.out, part);
  EXPECT_FALSE(fs::exists(work / "run"));
  expect_contains(succeeds({"plan", "--model", seq, "--data", rows, "--memory-budget", "1M", "--no-timing"}).out,
                  "not enough: it needs ");
}

TEST_F(Plan, RefusesWhatTrainRefuses) {
  expect_message(run({"plan", "--model", seq}), 2, {"--data is missing"});
  expect_message(run({"plan", "--model", seq, "--data", "nothing.jsonl"}), 1, {"nothing.jsonl"});
}

}  // namespace
}  // namespace aacft::testing
