// The three commands that the project was ordered with, as they are written, one after another in an empty folder; and
// what a command takes where it was not told.
#include "cli/support.h"

namespace aacft::testing {
namespace {

class ThreeCommands : public CommandTest {};

TEST_F(ThreeCommands, AsTheyAreWritten) {
  const Result trained = succeeds({"train", "--data", "aac-504.jsonl"});
  expect_contains(trained.err, "small one that comes with the program");
  expect_contains(trained.err, "there is no aac-504.jsonl here");
  ASSERT_TRUE(fs::exists(work / "run/adapter_model.safetensors"));
  const Result said = succeeds({"generate"},
                               "<human>: Simulate an AAC communicator given the following icon input: \n* { I ; "
                               "NOUN ; je.png }  \n* { eat ; VERB ; eat.png } \n<bot>:");
  expect_contains(said.err, "the adapter is the one trained in run");
  expect_contains(said.err, "the base of run");
  EXPECT_GT(said.out.size(), 2u);
  const Result merged = succeeds({"merge"});
  expect_contains(merged.err, "the adapter is the one trained in run");
  EXPECT_TRUE(fs::exists(work / "merged/model.safetensors"));
}

TEST_F(ThreeCommands, WhatIsToldWins) {
  succeeds(train({"--output", "run"}));
  const std::string prompt = "<human>: a\n<bot>:";
  const Result adapted = succeeds({"generate", "--prompt", prompt});
  expect_contains(adapted.err, "the base of run");
  const Result alone = succeeds({"generate", "--prompt", prompt, "--model", seq});
  EXPECT_EQ(alone.err.find("run"), std::string::npos) << alone.err;  // neither its adapter nor a word about it
}

// Never another model in its place.
TEST_F(ThreeCommands, ABaseThatIsGoneIsAnError) {
  fs::copy(seq, work / "base", fs::copy_options::recursive);
  succeeds({"train", "--model", "base", "--data", rows, "--max-steps", "1", "--warmup", "0"});
  fs::rename(work / "base", work / "elsewhere");
  for (const Arguments& command :
       {Arguments{"generate", "--prompt", "a"}, Arguments{"merge"}, Arguments{"eval", "--data", rows.string()}}) {
    const Result result = run(command);
    EXPECT_EQ(result.code, 1);
    expect_contains(result.err, "which is not there; say where it is with --model");
  }
  EXPECT_FALSE(fs::exists(work / "merged"));
  succeeds({"generate", "--prompt", "a", "--model", "elsewhere", "--adapter", "run"});
}

}  // namespace
}  // namespace aacft::testing
