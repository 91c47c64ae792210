// pack, and what takes a packed model.
#include "support.h"

namespace aacft::testing {
namespace {

class Pack : public CommandTest {};

TEST_F(Pack, AnswersAndLearnsAsTheModelItself) {
  const Result packed = succeeds({"pack", seq, "--base-weights", "int8", "--output", "packed"});
  expect_contains(packed.out, "wrote packed: ");
  const Arguments ask = {"--prompt", "hello", "--json", "--max-new-tokens", "8"};
  EXPECT_EQ(succeeds(Arguments{"generate", "--model", "packed", "--verify"} + ask).out,
            succeeds(Arguments{"generate", "--model", seq, "--base-weights", "int8"} + ask).out);
  const auto adapter_after = [&](const Arguments& model, const std::string& output) {
    succeeds(Arguments{"train", "--data", rows, "--output", output, "--max-steps", "2", "--warmup", "0"} + model);
    return read_text(work / output / "adapter_model.safetensors");
  };
  EXPECT_EQ(adapter_after({"--model", "packed"}, "one"),
            adapter_after({"--model", seq, "--base-weights", "int8"}, "two"));
  succeeds({"plan", "--model", "packed", "--data", rows, "--no-timing"});
  succeeds({"eval", "--model", "packed", "--adapter", "one", "--data", rows, "--max-new-tokens", "1"});
  succeeds({"tokenize", "--model", "packed", "hello"});
  expect_contains(succeeds({"info", "packed"}).out, "packed as int8");
  expect_no_temporaries(work.path());
}

TEST_F(Pack, WhatNeedsTheModelItselfSaysSo) {
  succeeds({"pack", "--model", seq, "--output", "packed"});
  expect_message(run({"merge", "--model", "packed", "--output", "merged"}), 1, {"packed", "was packed from"});
  expect_message(run({"train", "--model", "packed", "--data", rows, "--output", "out", "--full"}), 1,
                 {"packed", "every weight"});
  expect_message(run({"generate", "--model", "packed", "--prompt", "x", "--base-weights", "nf4"}), 2,
                 {"--base-weights nf4", "packed as"});
  expect_message(run({"pack", seq, "--output", "packed"}), 1, {"packed", "exists already"});
  expect_message(run({"pack", "nothing", "--output", "other"}), 1, {"no model", "nothing"});
  expect_message(run({"pack", seq}), 2, {"--output"});
  EXPECT_FALSE(fs::exists(work / "merged"));
  EXPECT_FALSE(fs::exists(work / "out"));
}

}  // namespace
}  // namespace aacft::testing
