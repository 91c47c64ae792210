// What a run saves; tests/torture breaks disks and kills runs.
#include "train/saving.h"

#include <gtest/gtest.h>

#include "train/support.h"

namespace aacft::testing {
namespace {

struct Saving : ::testing::Test {
  TemporaryFolder parent;
  TrainOptions options = tiny(parent / "run");
  TrainEvents events;
  std::vector<std::string> warnings;
  std::vector<std::int64_t> saved;
  TrainedModel trained{options, {}};
  RunFolder folder{options.output, false, false};
  RunState state;
  Saver saver{options, events, &folder, trained, state};

  Saving() {
    events.warning = [this](const std::string& text) { warnings.push_back(text); };
    events.saved = [this](const fs::path&, std::int64_t step) { saved.push_back(step); };
    saver.begin({});
    saver.resume();
  }
};

TEST_F(Saving, ACheckpointAfterAStepThatIsOver) {
  EXPECT_FALSE(saver.save_recorded());  // there is nothing to save yet
  state.step = 1;
  EXPECT_FALSE(saver.save_recorded());  // the step's evaluation is missing
  saver.record({.step = 1, .loss = 2.5}, {});
  EXPECT_EQ(saver.recorded(), 1);
  EXPECT_TRUE(saver.save_recorded());
  EXPECT_TRUE(saver.try_to_save());  // is there already
  EXPECT_EQ(saved, std::vector<std::int64_t>{1});
  EXPECT_TRUE(warnings.empty());
  EXPECT_EQ(metrics(options.output).at(0).at("loss"), 2.5);
}

TEST_F(Saving, WhatFailsIsWarnedOfUntilTheEnd) {
  state.step = 3;
  fs::remove_all(options.output / "checkpoints");
  write_text(options.output / "checkpoints", "in the way");
  write_text(options.output / "best", "in the way");
  EXPECT_FALSE(saver.try_to_save());
  EXPECT_FALSE(saver.try_to_save_best());
  ASSERT_EQ(warnings.size(), 2u);
  EXPECT_NE(warnings[0].find("step 3 could not be saved"), std::string::npos) << warnings[0];
  EXPECT_NE(warnings[1].find("does not count"), std::string::npos) << warnings[1];
  expect_error([&] { saver.finish(); }, {"step 3 could not be saved", "no checkpoint is there"}, "--resume");
  fs::remove(options.output / "checkpoints");
  saver.finish();
  EXPECT_EQ(saved, std::vector<std::int64_t>{3});
  EXPECT_FALSE(adapter_bytes(options.output).empty());
}

TEST_F(Saving, NothingWithoutAFolder) {
  Saver none(options, events, nullptr, trained, state);
  state.step = 2;
  none.begin({});
  none.resume();
  none.record({.step = 2}, {});
  EXPECT_EQ(none.recorded(), 2);
  EXPECT_FALSE(none.save_recorded());
  EXPECT_TRUE(none.try_to_save());
  EXPECT_TRUE(none.try_to_save_best());
  none.finish();
  EXPECT_FALSE(fs::exists(options.output / "adapter_model.safetensors"));
  EXPECT_TRUE(saved.empty());
}

}  // namespace
}  // namespace aacft::testing
