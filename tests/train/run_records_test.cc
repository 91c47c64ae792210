#include "aacft/train/run_records.h"

#include <gtest/gtest.h>

#include <cmath>

#include "aacft/train/run_data.h"
#include "train/support.h"

namespace aacft::testing {
namespace {

TEST(Metrics, AreThoseOfTheRun) {
  const TemporaryFolder folder;
  TrainOptions o = tiny(folder / "run");
  o.eval_split = 0.2;
  o.eval_steps = 4;
  const Recorded recorded = run(o);
  const auto steps = read_metrics(folder / "run");
  ASSERT_EQ(steps.size(), 8u);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const StepReport& told = recorded.steps[i];
    EXPECT_EQ(steps[i].step, told.step);
    EXPECT_EQ(steps[i].loss, told.loss);
    EXPECT_EQ(steps[i].grad_norm, told.grad_norm);
    EXPECT_EQ(steps[i].learning_rate, told.learning_rate);
    EXPECT_EQ(steps[i].tokens, static_cast<double>(told.tokens));
    EXPECT_EQ(steps[i].peak_rss_bytes, static_cast<double>(told.peak_rss_bytes));
    EXPECT_FALSE(steps[i].skipped);
    EXPECT_EQ(steps[i].evaluated, i == 3 || i == 7);
  }
  EXPECT_EQ(steps[7].eval_loss, recorded.evaluations[1].loss);
  const auto info = read_run_info(folder / "run");
  ASSERT_TRUE(info);
  EXPECT_EQ(to_json(*info), to_json(recorded.info));
  EXPECT_EQ(info->samples + info->eval_samples, 64u);
  EXPECT_EQ(info->total_steps, 8);
}

// A page is made at an evaluation, and shows it.
TEST(Metrics, HoldAnEvaluationThatIsTold) {
  const TemporaryFolder folder;
  TrainOptions o = tiny(folder / "run");
  o.eval_split = 0.2;
  o.eval_steps = 3;
  TrainEvents events;
  int evaluations = 0;
  events.evaluation = [&](const EvalReport& report) {
    ++evaluations;
    const auto steps = read_metrics(folder / "run");
    ASSERT_EQ(steps.size(), static_cast<std::size_t>(report.step));
    EXPECT_EQ(steps.back().eval_loss, report.loss);
  };
  train(o, events);
  EXPECT_EQ(evaluations, 3);  // after steps 3, 6 and 8
}

TEST(Metrics, AreReadWhateverTheLinesAre) {
  const TemporaryFolder folder;
  EXPECT_TRUE(read_metrics(folder.path()).empty());
  write_text(folder / "metrics.jsonl",
             "{\"step\":1,\"loss\":2.5,\"seconds\":\"long\"}\nnonsense\n{\"loss\":1}\n{\"step\":1.5,\"loss\":1}\n{"
             "\"step\":-1}\n[1]\n\n{\"step\":3,\"loss\":null,\"skipped\":true,\"eval_loss\":null}\n"
             "{\"step\":2,\"loss\":1}\n{\"step\":4,\"loss\":1e999}\n{\"step\":9,\"lo");
  const auto steps = read_metrics(folder.path());
  ASSERT_GE(steps.size(), 2u);
  EXPECT_EQ(steps[0].step, 1);
  EXPECT_EQ(steps[0].loss, 2.5);
  EXPECT_TRUE(std::isnan(steps[0].seconds));
  EXPECT_FALSE(steps[0].evaluated);
  EXPECT_EQ(steps[1].step, 3);
  EXPECT_TRUE(std::isnan(steps[1].loss));
  EXPECT_TRUE(steps[1].skipped);
  EXPECT_TRUE(steps[1].evaluated);
}

TEST(Samples, ComeBackAsTheyWere) {
  const TemporaryFolder folder;
  EXPECT_TRUE(read_tried_prompts(folder.path()).empty());
  const std::vector<TriedPrompt> tried = {
      {"a\nprompt", "its end", "before", "after"}, {"\"another\"", "", "", {}}, {"third", "é", {}, {}}};
  write_tried_prompts(folder.path(), tried);
  EXPECT_EQ(read_tried_prompts(folder.path()), tried);
  write_text(folder / "samples.jsonl", "{\"reference\":\"x\"}\n");
  EXPECT_THROW(read_tried_prompts(folder.path()), Error);
}

TEST(Samples, AreHeldOutRowsOrElseTheFirst) {
  const TemporaryFolder folder;
  const std::string rows =
      "{\"text\":\"<human>: a\\n<bot>: one\\n\"}\n{\"prompt\":\"b\",\"completion\":\" two\"}\n{\"text\":\"<human>: "
      "a\\n<bot>: other\\n\"}\n"
      "{\"messages\":[{\"role\":\"user\",\"content\":\"c\"},{\"role\":\"assistant\",\"content\":\"three\"}]}\n";
  write_text(folder / "rows.jsonl", rows);
  write_text(folder / "held.jsonl", "{\"text\":\"<human>: z\\n<bot>: last\\n\"}\n");
  TrainOptions o = tiny(folder / "run");
  o.data = folder / "rows.jsonl";
  const auto chosen = [&](std::size_t n) { return prompts_to_try(o, read_run_input(o, {}).data, n); };
  const std::vector<TriedPrompt> all = {
      {"<human>: a\n<bot>:", " one\n", {}, {}}, {"b", " two", {}, {}}, {"<human>: c\n<bot>:", " three\n", {}, {}}};
  EXPECT_EQ(chosen(10), all);  // a prompt that occurs twice is asked once
  EXPECT_EQ(chosen(2), (std::vector<TriedPrompt>{all[0], all[1]}));
  EXPECT_TRUE(chosen(0).empty());
  o.eval_data = folder / "held.jsonl";
  EXPECT_EQ(chosen(10), (std::vector<TriedPrompt>{{"<human>: z\n<bot>:", " last\n", {}, {}}}));

  o.eval_data.clear();
  o.eval_split = 0.25;  // one row
  const RunData data = read_run_input(o, {}).data;
  ASSERT_EQ(data.eval_samples.size(), 1u);
  const auto held_out = prompts_to_try(o, data, 10);
  ASSERT_EQ(held_out.size(), 1u);
  const std::vector<TriedPrompt> by_line = {all[0], all[1], {"<human>: a\n<bot>:", " other\n", {}, {}}, all[2]};
  EXPECT_EQ(held_out[0], by_line.at(data.eval_samples[0].line - 1));
}

// The model is shown as it was before the first step, also where a run is resumed, and as it is at the end.
TEST(Samples, TheModelIsShownUntrainedAndTrained) {
  const TemporaryFolder folder;
  TrainOptions o = tiny(folder / "run");
  std::vector<std::string> seen;
  const auto train_for = [&](std::int64_t stop_after) {
    std::int64_t step = 0;
    TrainEvents events;
    events.untrained = [&](const Model&, const AdapterModules&, const RunInput& input) {
      seen.push_back("untrained " + std::to_string(input.data.samples.size()));
    };
    events.trained = [&](const Model&, const AdapterModules&, const RunInput&) {
      seen.push_back("trained");
      EXPECT_TRUE(fs::exists(folder / "run/adapter_model.safetensors"));
    };
    events.start = [&](const RunInfo&) { seen.push_back("start"); };
    events.step = [&](const StepReport& report) { step = report.step; };
    events.stop_requested = [&] { return stop_after > 0 && step == stop_after; };
    train(o, events);
  };
  train_for(3);
  EXPECT_EQ(seen, (std::vector<std::string>{"untrained 64", "start"}));
  seen.clear();
  o.resume = true;
  train_for(0);
  EXPECT_EQ(seen, (std::vector<std::string>{"untrained 64", "start", "trained"}));
}

}  // namespace
}  // namespace aacft::testing
