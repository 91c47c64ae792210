#include "train/evaluation.h"

#include <gtest/gtest.h>

#include <limits>

#include "aacft/train/run_data.h"
#include "train/support.h"

namespace aacft::testing {
namespace {

using nlohmann::json;

// However samples are cut into passes: the mean over targets of what each sample alone gives.
TEST(EvaluationLoss, IsAMeanOverTargets) {
  const TrainOptions o = tiny("");
  const RunInput input = read_run_input(o, {});
  TrainedModel trained(o, {});
  Workers alone;
  double sum = 0, targets = 0;
  for (const Sample& sample : input.data.samples) {
    const auto own = static_cast<double>(sample.counted());
    sum += own * evaluation_loss(trained, {sample}, 1, alone);
    targets += own;
  }
  for (const std::int64_t max_tokens : {1, 100, 10'000})
    EXPECT_NEAR(evaluation_loss(trained, input.data.samples, max_tokens, alone), sum / targets, 1e-9);
}

TEST(NoteEvaluation, TheLowestThatIsKeptIsTheBest) {
  RunState state;
  bool kept = true;
  const auto note = [&](std::int64_t step, double loss) {
    state.step = step;
    return note_evaluation(state, loss, [&] { return kept; }).best;
  };
  EXPECT_FALSE(note(1, std::numeric_limits<double>::quiet_NaN()));
  EXPECT_EQ(state.evaluations_since_best, 1);
  EXPECT_TRUE(note(2, 3.0));
  EXPECT_EQ(state.best_loss, 3.0);
  EXPECT_EQ(state.best_step, 2);
  EXPECT_EQ(state.evaluations_since_best, 0);
  EXPECT_FALSE(note(3, 3.0));
  EXPECT_FALSE(note(4, 4.0));
  EXPECT_EQ(state.evaluations_since_best, 2);
  kept = false;  // better, but not on the disk: neither a best nor a disappointment
  EXPECT_FALSE(note(5, 2.0));
  EXPECT_EQ(state.best_loss, 3.0);
  EXPECT_EQ(state.evaluations_since_best, 2);
  kept = true;
  EXPECT_TRUE(note(6, 2.5));
  EXPECT_EQ(state.best_step, 6);
}

TEST(Evaluation, TheBestIsKept) {
  const TemporaryFolder folder;
  TrainOptions o = overfitting(folder / "best", folder.path());
  o.keep_best = true;
  const Recorded best = run(o);
  ASSERT_EQ(best.evaluations.size(), 12u);
  double least = 1e9;
  std::int64_t least_step = 0;
  for (const EvalReport& report : best.evaluations) {
    EXPECT_EQ(report.best, report.loss < least);
    if (report.loss < least) least = report.loss, least_step = report.step;
  }
  EXPECT_EQ(best.result.best_loss, least);
  EXPECT_EQ(best.result.best_step, least_step);
  ASSERT_LT(least_step, 20) << "the run should overfit";
  EXPECT_DOUBLE_EQ(evaluated(o, o.model, o.output), least);
  EXPECT_TRUE(adapter_bytes(o.output) == adapter_bytes(o.output / "best"));

  o.output = folder / "last";
  o.keep_best = false;
  run(o);
  EXPECT_DOUBLE_EQ(evaluated(o, o.model, o.output), best.evaluations.back().loss);
  EXPECT_FALSE(fs::exists(o.output / "best"));
}

TEST(Evaluation, PatienceStops) {
  const TemporaryFolder folder;
  TrainOptions o = overfitting(folder / "run", folder.path());
  o.patience = 3;
  o.max_steps = 80;
  const Recorded recorded = run(o);
  EXPECT_EQ(recorded.result.end, RunEnd::kStoppedEarly);
  EXPECT_EQ(recorded.result.step, recorded.result.best_step + 3 * o.eval_steps);
  EXPECT_EQ(recorded.saved, std::vector<std::int64_t>{recorded.result.step});
  EXPECT_TRUE(fs::exists(o.output / "adapter_model.safetensors"));
}

TEST(Evaluation, TheLastStepIsEvaluatedToo) {
  const TemporaryFolder folder;
  TrainOptions o = overfitting(folder / "run", folder.path());
  o.max_steps = 4;
  o.eval_steps = 3;
  const Recorded recorded = run(o);
  ASSERT_EQ(recorded.evaluations.size(), 2u);
  EXPECT_EQ(recorded.evaluations[0].step, 3);
  EXPECT_EQ(recorded.evaluations[1].step, 4);
  const auto lines = metrics(o.output);
  EXPECT_FALSE(lines[1].contains("eval_loss"));
  EXPECT_EQ(lines[3].at("eval_loss"), recorded.evaluations[1].loss);
}

TEST(Evaluation, RowsAreHeldOut) {
  const TemporaryFolder folder;
  std::vector<std::string> rows;  // row i counts i + 1 tokens, the end of the text included
  std::string text = "a", all;
  for (int i = 0; i < 20; ++i, text += " b") rows.push_back(json{{"text", text}}.dump() + "\n"), all += rows.back();
  write_text(folder / "all.jsonl", all);
  int runs = 0;
  const auto split = [&](std::uint64_t seed) {
    TrainOptions o = tiny(folder / std::to_string(runs++));
    o.data = folder / "all.jsonl";
    o.seed = seed;
    o.shuffle = false;
    o.micro_batch = o.accumulation = 1;
    o.epochs = 1;
    o.learning_rate = 0;
    o.eval_split = 0.2;
    const Recorded recorded = run(o);
    EXPECT_EQ(recorded.info.samples, 16u);
    EXPECT_EQ(recorded.info.eval_samples, 4u);
    std::vector<bool> trained(20);
    for (const StepReport& step : recorded.steps) {
      EXPECT_FALSE(trained.at(static_cast<std::size_t>(step.tokens - 1))) << "twice";
      trained[static_cast<std::size_t>(step.tokens - 1)] = true;
    }
    // The evaluation is that of exactly the other rows.
    std::string others;
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (!trained[i]) others += rows[i];
    write_text(folder / "others.jsonl", others);
    o.eval_split = 0;
    o.eval_data = folder / "others.jsonl";
    EXPECT_DOUBLE_EQ(evaluated(o, o.model, ""), recorded.evaluations.at(0).loss);
    return trained;
  };
  EXPECT_EQ(split(1), split(1));
  EXPECT_NE(split(1), split(2));
}

}  // namespace
}  // namespace aacft::testing
