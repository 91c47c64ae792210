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
    EXPECT_GT(peak, 0.9 * measured);
    EXPECT_LT(peak, 1.9 * measured);
  }
}

TEST_F(Plan, SaysItInWords) {
  const Result result = succeeds({"plan", "--model", seq, "--data", rows});
  for (const char* part : {"memory", "at its peak", "a step", "disk", "200 steps"}) expect_contains(result.out, part);
  EXPECT_FALSE(fs::exists(work / "run"));
  expect_contains(succeeds({"plan", "--model", seq, "--data", rows, "--memory-budget", "1M", "--no-timing"}).out,
                  "not enough: it needs ");
}

// Values and two moments in each checkpoint, values alone in the result, and in the best one's folder.
TEST_F(Plan, CountsTheCheckpointsThatStay) {
  for (const auto& [limit, steps, stay] : {std::tuple("0", "1", 6),
                                           {"0", "4", 2},
                                           {"0", "0", 1},
                                           {"1", "1", 1},
                                           {"2", "1", 2},
                                           {"9", "1", 6},
                                           {"9", "4", 2}}) {
    SCOPED_TRACE(std::string("limit ") + limit + ", every " + steps);
    const json plan = json::parse(succeeds({"plan", "--json", "--no-timing", "--model", seq, "--data", rows,
                                            "--max-steps", "6", "--save-total-limit", limit, "--save-steps", steps})
                                      .out);
    EXPECT_EQ(plan.at("trained_bytes"), 6144);  // values, gradients and two moments of 384 numbers
    EXPECT_EQ(plan.at("disk_bytes"), 1536 * (3 * stay + 1));
  }
  fs::remove_all(work / "out");
  succeeds({"train", "--model", seq, "--data", rows, "--output", "out", "--max-steps", "6", "--save-total-limit", "0",
            "--save-steps", "4"});
  EXPECT_EQ(std::distance(fs::directory_iterator(work / "out/checkpoints"), fs::directory_iterator()), 2);
}

TEST_F(Plan, RefusesWhatTrainRefuses) {
  for (const auto& [options, code, part] : std::vector<std::tuple<Arguments, int, std::string>>{
           {{"--data", "nothing.jsonl"}, 1, "nothing.jsonl"},
           {{"--micro-batch", "0"}, 2, "--micro-batch"},
           {{"--accumulation", "0"}, 2, "--accumulation"},
           {{"--lr", "-5"}, 2, "--lr must be from 0 to 1e30"},
           {{"--rank", "0"}, 2, "--rank must be 1 or more"},
           {{"--dropout", "3"}, 2, "--dropout must be from 0 to below 1"},
           {{"--warmup", "-1"}, 2, "--warmup must not be negative"},
           {{"--max-steps", "-1"}, 2, "--max-steps must be 1 or more"},
           {{"--save-steps", "-1"}, 2, "--save-steps"},
           {{"--eval-split", "1.5"}, 2, "--eval-split must be from 0 to below 1"},
           {{"--eval-data", rows.string(), "--eval-split", "0.2"},
            2,
            "--eval-data and --eval-split exclude each other"},
           {{"--keep-best"}, 2, "--keep-best and --patience need --eval-data or --eval-split"},
           {{"--max-length", "1"}, 1, "the row has 69 tokens, more than 1"},
           {{"--full", "--base-weights", "int8"}, 2, "--base-weights"}}) {
    SCOPED_TRACE(part);
    for (const char* command : {"plan", "train"}) {
      Arguments arguments = Arguments{command, "--model", seq} + options;
      if (options[0] != "--data") arguments = arguments + Arguments{"--data", rows};
      expect_message(run(arguments), code, {part});
      EXPECT_FALSE(fs::exists(work / "run"));
    }
  }
}

}  // namespace
}  // namespace aacft::testing
