// What a run promises besides the laws.
#include "aacft/train/trainer.h"

#include <gtest/gtest.h>

#include <set>

#include "aacft/base/sanitizers.h"
#include "train/support.h"

namespace aacft::testing {
namespace {

TEST(Run, EpochsReadEveryRowAsOften) {
  const TemporaryFolder folder;
  TrainOptions o = tiny(folder / "run");
  o.micro_batch = 5;  // 64 rows: 13 micro-batches, the last of 4
  o.epochs = 2;
  const Recorded recorded = run(o);
  EXPECT_EQ(recorded.info.total_steps, 13);
  EXPECT_DOUBLE_EQ(recorded.info.epochs, 2);
  EXPECT_DOUBLE_EQ(recorded.steps.back().epoch, 2);
  std::int64_t tokens = 0;
  for (const StepReport& step : recorded.steps) tokens += step.tokens;
  // All tokens but the first of a row.
  EXPECT_EQ(tokens, 2 * (static_cast<std::int64_t>(recorded.info.tokens) - 64));
  // The last step of an odd number of micro-batches is short.
  o.output = folder / "odd";
  o.epochs = 1;
  const Recorded odd = run(o);
  EXPECT_EQ(odd.steps.size(), 7u);
  tokens = 0;
  for (const StepReport& step : odd.steps) tokens += step.tokens;
  EXPECT_EQ(tokens, static_cast<std::int64_t>(recorded.info.tokens) - 64);
}

TEST(Run, OldCheckpointsGo) {
  const TemporaryFolder folder;
  const auto left = [&](std::int64_t limit) {
    TrainOptions o = tiny(folder / std::to_string(limit));
    o.max_steps = 7;
    o.save_steps = 2;
    o.save_total_limit = limit;
    EXPECT_EQ(run(o).saved, (std::vector<std::int64_t>{2, 4, 6, 7}));
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(o.output / "checkpoints"))
      names.insert(entry.path().filename().string());
    return names;
  };
  EXPECT_EQ(left(1), (std::set<std::string>{"step-00000007"}));
  EXPECT_EQ(left(2), (std::set<std::string>{"step-00000006", "step-00000007"}));
  EXPECT_EQ(left(0).size(), 4u);
}

TEST(Run, RefusesFoldersThatAreNotItsOwn) {
  const TemporaryFolder folder;
  TrainOptions o = tiny(folder / "run");
  o.max_steps = 2;
  const auto refuses = [&](std::initializer_list<std::string> parts) {
    expect_error([&] { run(o); }, parts, o.output.string());
  };
  o.resume = true;
  refuses({"nothing to resume"});
  EXPECT_FALSE(fs::exists(o.output));
  o.resume = false;

  o.output = folder / "foreign";
  write_text(o.output / "thesis.txt", "two years of work");
  for (const bool overwrite : {false, true}) {
    o.overwrite = overwrite;
    refuses({"holds other files"});
  }
  EXPECT_EQ(read_file(o.output / "thesis.txt"), "two years of work");
  o.resume = true;
  refuses({"nothing to resume"});
  o.resume = o.overwrite = false;

  o.output = folder / "file";
  write_text(o.output, "x");
  refuses({"is a file"});
}

TEST(Run, NeverReplacesItsOwnModel) {
  const TemporaryFolder folder;
  TrainOptions o = tiny(folder / "model");
  o.full = true;
  o.max_steps = 1;
  run(o);  // a model in a folder of ours
  const std::string weights = weights_bytes(o);
  o.model = o.output;
  o.overwrite = true;
  EXPECT_THROW(run(o), UsageError);
  EXPECT_TRUE(weights_bytes(o) == weights);
}

TEST(Run, AnEmptyFolderIsFine) {
  const TemporaryFolder folder;
  TrainOptions o = tiny(folder.path());
  o.max_steps = 1;
  EXPECT_EQ(run(o).result.step, 1);
}

TEST(Run, OverwritesOnlyWhenAskedTo) {
  const TemporaryFolder folder;
  TrainOptions o = tiny(folder / "run");
  o.max_steps = 2;
  run(o);
  const std::string before = adapter_bytes(o.output);
  o.seed = 7;
  expect_error([&] { run(o); }, {"--resume", "--overwrite"}, o.output.string());
  EXPECT_TRUE(adapter_bytes(o.output) == before);
  // Bad data is noticed before anything is removed.
  o.overwrite = true;
  o.data = folder / "none.jsonl";
  expect_error([&] { run(o); }, {"none.jsonl"});
  EXPECT_TRUE(adapter_bytes(o.output) == before);
  o.data = goldens_dir() / "rows.jsonl";
  o.max_steps = 1;
  run(o);
  EXPECT_FALSE(adapter_bytes(o.output) == before);
  EXPECT_EQ(metrics(o.output).size(), 1u);
  EXPECT_FALSE(fs::exists(o.output / "checkpoints/step-00000002"));
}

TEST(Run, AnAdapterOverwritesAWholeModel) {
  const TemporaryFolder folder;
  const auto names = [&] {
    std::set<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder / "run")) found.insert(entry.path().filename().string());
    return found;
  };
  TrainOptions o = tiny(folder / "run");
  o.max_steps = 1;
  run(o);
  const auto expected = names();
  o.overwrite = o.full = true;
  run(o);
  EXPECT_TRUE(names().contains("config.json"));
  o.full = false;
  run(o);
  EXPECT_EQ(names(), expected);
}

TEST(Run, ResumesOnlyWithTheSameDataAndShape) {
  const TemporaryFolder folder;
  TrainOptions o = tiny(folder / "run");
  o.max_steps = 3;
  run(o, 2);
  o.resume = true;
  TrainOptions changed = o;
  changed.data_options.append_eos = false;
  expect_error([&] { run(changed); }, {"same data"}, o.output.string());
  changed = o;
  changed.data = folder / "rows.jsonl";
  write_text(changed.data, "{\"text\": \"something else\"}\n");
  expect_error([&] { run(changed); }, {"same data"}, o.output.string());
  changed = o;
  changed.lora.rank = 3;
  expect_error([&] { run(changed); }, {"another run"}, o.output.string());
  changed = o;
  changed.full = true;
  expect_error([&] { run(changed); }, {"step-00000002"}, o.output.string());
  EXPECT_EQ(run(o).result.step, 3);
  EXPECT_EQ(metrics(o.output).size(), 3u);
}

TEST(Run, DivergenceIsAnErrorAndTheCheckpointStays) {
  const TemporaryFolder folder;
  TrainOptions o = tiny(folder / "whole");
  o.schedule = Schedule::kConstant;
  run(o);
  o.output = folder / "diverged";
  run(o, 3);
  o.resume = true;
  o.learning_rate = 1e30;
  expect_error([&] { run(o); }, {"step 5", "diverged", "a lower --lr"});
  EXPECT_FALSE(fs::exists(o.output / "adapter_model.safetensors"));
  o.learning_rate = tiny("").learning_rate;
  EXPECT_EQ(run(o).info.steps_done, 3);
  EXPECT_EQ(metrics(o.output), metrics(folder / "whole"));
  EXPECT_TRUE(adapter_bytes(o.output) == adapter_bytes(folder / "whole"));
}

TEST(Run, AWholeModelIsAModelAgain) {
  for (const char* model : {"seq", "tied", "nobias"}) {
    SCOPED_TRACE(model);
    const TemporaryFolder folder;
    TrainOptions o = tiny(folder / "run", model);
    o.full = true;
    o.max_steps = 3;
    o.eval_data = goldens_dir() / "rows.jsonl";
    const Recorded recorded = run(o);
    EXPECT_EQ(recorded.info.trained_parameters, recorded.info.model_parameters);
    const double loss = recorded.evaluations.at(0).loss;
    EXPECT_NEAR(evaluated(o, o.output, ""), loss, 1e-7);
    EXPECT_GT(evaluated(o, o.model, ""), loss + 0.01);
  }
}

TEST(Run, OptionsThatMakeNoSenseWriteNothing) {
  const TemporaryFolder folder;
  TrainOptions o = tiny(folder / "run");
  o.micro_batch = 0;
  EXPECT_THROW(run(o), UsageError);
  o = tiny(folder / "run");
  o.eval_split = 0.999;
  EXPECT_THROW(run(o), UsageError);
  EXPECT_FALSE(fs::exists(o.output));
}

TEST(Run, TakesNoMoreMemoryWithTime) {
  if (kAddressSanitizer) GTEST_SKIP() << "its quarantine grows";
  const TemporaryFolder folder;
  TrainOptions o = tiny(folder / "run");
  o.micro_batch = o.accumulation = 1;
  o.max_steps = 2000;
  o.save_steps = 500;
  o.eval_split = 0.05;
  o.eval_steps = 500;
  o.threads = 1;
  const Recorded recorded = run(o);
  ASSERT_EQ(recorded.steps.size(), 2000u);
  const double early = static_cast<double>(recorded.steps[99].rss_bytes);
  for (std::size_t i = 100; i < recorded.steps.size(); ++i)
    ASSERT_LT(static_cast<double>(recorded.steps[i].rss_bytes), 1.01 * early) << "step " << i + 1;
}

}  // namespace
}  // namespace aacft::testing
