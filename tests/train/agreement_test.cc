// What workers must have in common. tests/cli/workers_test.cc runs several that differ.
#include "train/agreement.h"

#include <gtest/gtest.h>

#include <functional>

#include "aacft/train/step_data.h"
#include "train/support.h"

namespace aacft::testing {
namespace {

nlohmann::ordered_json settings_of(const TrainOptions& options) {
  const RunInput input = read_run_input(options, {});
  const TrainedModel trained(options, {});
  return deciding_settings(options, input.data, trained, Steps(options, input.data.samples).fingerprint());
}

TEST(Agreement, OnWhatDecidesTheResult) {
  const TemporaryFolder folder;
  TrainOptions usual = tiny("run");
  usual.eval_split = 0.1;
  const auto settings = settings_of(usual);
  const auto found = [&](const std::function<void(TrainOptions&)>& change) {
    TrainOptions changed = usual;
    change(changed);
    return difference(settings, settings_of(changed), 1);
  };
  EXPECT_EQ(found([](TrainOptions&) {}), "");
  EXPECT_EQ(found([](TrainOptions& o) { o.learning_rate = 0.5; }), "worker 0 has lr = 0.01, worker 1 has lr = 0.5");
  EXPECT_EQ(found([](TrainOptions& o) { o.schedule = Schedule::kCosine; }),
            "worker 0 has schedule = \"linear\", worker 1 has schedule = \"cosine\"");
  EXPECT_EQ(found([](TrainOptions& o) { o.lora.dora = true; }), "worker 0 has dora = false, worker 1 has dora = true");
  EXPECT_EQ(found([](TrainOptions& o) { o.full = true; }), "worker 0 has full = false, worker 1 has full = true");
  const std::vector<std::pair<std::function<void(TrainOptions&)>, std::string>> decide = {
      {[](TrainOptions& o) { o.seed = 1; }, "seed"},
      {[](TrainOptions& o) { o.model = goldens_dir() / "par"; }, "model"},
      {[](TrainOptions& o) { o.share_prefixes = SharePrefixes::kOff; }, "share-prefixes"},
      {[](TrainOptions& o) { o.model_options.base_weights = WeightType::kInt8; }, "base-weights"},
      {[](TrainOptions& o) { o.model_options.compute = Compute::kBf16; }, "compute"},
      {[](TrainOptions& o) { o.lora.rank = 3; }, "rank"},
      {[](TrainOptions& o) { o.lora.target_modules = {"dense"}; }, "target-modules"},
      {[](TrainOptions& o) { o.micro_batch = 5; }, "micro-batch"},
      {[](TrainOptions& o) { o.max_steps = 9; }, "max-steps"},
      {[](TrainOptions& o) { o.loss_norm = LossNorm::kMicroBatch; }, "loss-norm"},
      {[](TrainOptions& o) { o.on_nan = OnNan::kSkip; }, "on-nan"},
      {[](TrainOptions& o) { o.data_options.mask_prompt = true; }, "mask-prompt"},
      {[](TrainOptions& o) { o.eval_split = 0.2; }, "eval-split"},
      {[](TrainOptions& o) { o.patience = 2; }, "patience"},
  };
  for (const auto& [change, name] : decide)
    EXPECT_EQ(found(change).find("worker 0 has " + name + " = "), 0u) << name << ": " << found(change);
  write_text(folder / "rows.jsonl",
             "{\"text\": \"<human>: a\\n<bot>: b\\n\"}\n{\"text\": \"<human>: c\\n<bot>: d\\n\"}\n");
  const std::string rows = found([&](TrainOptions& o) { o.data = folder / "rows.jsonl"; });
  EXPECT_NE(rows.find(", worker 1 has 1 rows (fingerprint "), rows.npos) << rows;
  usual.eval_split = 0;
  const auto without = settings_of(usual);
  usual.eval_data = folder / "rows.jsonl";
  const std::string evaluated = difference(without, settings_of(usual), 2);
  EXPECT_EQ(evaluated.find("worker 0 has 0 evaluation rows (fingerprint "), 0u) << evaluated;
}

TEST(Agreement, NotOnWhereFilesLieAndHowTheWorkIsCutUp) {
  const TemporaryFolder folder;
  TrainOptions o = tiny("run");
  const auto settings = settings_of(o);
  fs::copy(o.model, folder / "model", fs::copy_options::recursive);
  fs::copy(o.data, folder / "data.jsonl");
  o.model = folder / "model";
  o.data = folder / "data.jsonl";
  o.output = "other";
  o.threads = 2;
  o.memory_budget = 1'000'000'000;
  o.recompute = Recompute::kOn;
  o.save_steps = 3;
  o.save_total_limit = 1;
  o.resume = o.overwrite = true;
  o.resolved_config = "# other";
  EXPECT_EQ(difference(settings, settings_of(o), 1), "");
}

TEST(Agreement, OfAnAdapterThatIsGoneOnWith) {
  TrainOptions o = tiny("run");
  o.init_adapter = goldens_dir() / "adapter-seq-r2-token";
  const auto settings = settings_of(o);
  o.init_adapter = goldens_dir() / "adapter-seq-r4-rslora";
  EXPECT_EQ(difference(settings, settings_of(o), 1), "worker 0 has rank = 2, worker 1 has rank = 4");
}

TEST(Agreement, WhatOneLacksIsNamed) {
  EXPECT_EQ(difference({{"a", 1}, {"b", 2}}, {{"a", 1}}, 3), "worker 0 has b = 2, worker 3 has nothing");
  EXPECT_EQ(difference({{"a", 1}}, {{"a", 1}, {"b", 2}}, 3), "worker 0 has nothing, worker 3 has b = 2");
}

}  // namespace
}  // namespace aacft::testing
