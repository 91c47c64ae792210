// generate and merge.
#include "support.h"

namespace aacft::testing {
namespace {

class Generate : public CommandTest {};
class Merge : public CommandTest {};

const std::string kPrompt =
    "<human>: Simulate an AAC communicator given the following icon input: \n* { tea ; NOUN ; tea.png } \n<bot>:";

TEST_F(Generate, EverySourceOfAPromptGivesTheSameText) {
  const Result streamed = succeeds(generate({"--prompt", kPrompt}));
  EXPECT_GT(streamed.out.size(), 1u);
  EXPECT_EQ(streamed.out.back(), '\n');
  EXPECT_EQ(streamed.err, "");
  EXPECT_EQ(succeeds(generate({"--prompt-file", input("prompt.txt", kPrompt + "\n")})).out, streamed.out);
  EXPECT_EQ(succeeds(generate(), kPrompt + "\r\n").out, streamed.out);
  EXPECT_EQ(succeeds(generate({"--prompt", kPrompt, "--no-cache"})).out, streamed.out);
  EXPECT_EQ(succeeds(generate({"--prompt", kPrompt, "--prompt", kPrompt})).out,
            streamed.out + streamed.out);  // not streamed

  const auto objects = json_lines(succeeds(generate({"--prompt", kPrompt, "--json"})).out);
  ASSERT_EQ(objects.size(), 1u);
  EXPECT_EQ(objects[0].size(), 5u);
  EXPECT_EQ(objects[0].at("prompt"), kPrompt);
  EXPECT_GT(objects[0].at("prompt_ids").size(), 5u);
  EXPECT_EQ(objects[0].at("new_ids").size(), 8u);
  EXPECT_EQ(objects[0].at("text").get<std::string>() + "\n", streamed.out);
  EXPECT_EQ(objects[0].at("stop_reason"), "length");
}

TEST_F(Generate, RowsComeBackInTheirOrder) {
  std::string data;
  std::vector<std::string> prompts;
  for (int i = 0; i < 20; ++i) {
    prompts.push_back("<human>: " + std::string(static_cast<std::size_t>(1 + (i * 7) % 20), 'a') + "\n<bot>:");
    const nlohmann::json row =
        i % 3 == 0 ? nlohmann::json{{"prompt", prompts.back()}}
        : i % 3 == 1
            ? nlohmann::json{{"text", prompts.back() + " answer\n"}}
            : nlohmann::json{{"messages",
                              {{{"role", "user"}, {"content", prompts.back().substr(9, prompts.back().size() - 16)}},
                               {{"role", "assistant"}, {"content", "answer"}}}}};
    data += row.dump() + "\n";
  }
  const std::string file = input("data.jsonl", data);
  const Result to_file = succeeds(generate({"--data", file, "--output", "out.jsonl", "--json", "--batch-size", "3"}));
  EXPECT_EQ(to_file.out, "");
  const auto objects = json_lines(read_text(work / "out.jsonl"));
  ASSERT_EQ(objects.size(), prompts.size());
  for (std::size_t i = 0; i < prompts.size(); ++i) EXPECT_EQ(objects[i].at("prompt"), prompts[i]);
  EXPECT_EQ(succeeds(generate({"--data", "-", "--json"}), data).out, read_text(work / "out.jsonl"));
  const auto brief = json_lines(succeeds(generate({"--data", file})).out);
  for (std::size_t i = 0; i < prompts.size(); ++i) EXPECT_EQ(brief[i].at("text"), objects[i].at("text"));
  expect_no_temporaries(work.path());
}

TEST_F(Generate, SamplingFollowsTheSeed) {
  const auto sampled = [&](const char* seed) {
    return succeeds(generate({"--prompt", kPrompt, "--temperature", "2", "--top-k", "50", "--seed", seed})).out;
  };
  EXPECT_EQ(sampled("1"), sampled("1"));
  EXPECT_NE(sampled("1"), sampled("2"));
}

TEST_F(Generate, InEightBits) {
  const Arguments ask = {"--prompt", kPrompt, "--compute", "int8"};
  const std::string answer = succeeds(generate(ask)).out;
  EXPECT_EQ(succeeds(generate(ask + Arguments{"--base-weights", "int8", "--no-cache"})).out, answer);
  EXPECT_FALSE(succeeds(generate(ask + Arguments{"--base-weights", "nf4"})).out.empty());
  expect_message(run(generate(ask + Arguments{"--base-weights", "bf16"})), 2, {"--compute int8", "nf4"});
  expect_message(run({"train", "--model", seq, "--data", rows, "--compute", "int8"}), 2, {"int8", "for generating"});
}

TEST_F(Generate, StopTexts) {
  const auto object = [&](const Arguments& more) {
    return json_lines(succeeds(generate({"--prompt", "hello", "--json"}) + more).out).at(0);
  };
  const std::string text = object({}).at("text"), stop = "onh";
  ASSERT_NE(text.find(stop), text.npos) << text;
  const auto stopped = object({"--stop", stop});
  EXPECT_EQ(stopped.at("stop_reason"), "stop");
  EXPECT_EQ(stopped.at("text"), text.substr(0, text.find(stop)));
  EXPECT_EQ(object({"--stop", stop, "--no-stop"}).at("text"), text);
}

TEST_F(Generate, AClosedPipeEndsItQuietly) {
  Process process(work.path(), generate({"--data", rows, "--max-new-tokens", "50"}));
  ASSERT_TRUE(process.read_until([](const Result& r) { return !r.out.empty(); }));
  process.close_output();
  const Result result = process.wait();
  EXPECT_EQ(result.code, 128 + SIGPIPE);
  EXPECT_EQ(result.err, "");
}

TEST_F(Generate, ASignalLeavesNoFile) {
  Process process(work.path(), generate({"--data", rows, "--output", "out.jsonl", "--max-new-tokens", "100",
                                         "--no-cache", "--no-stop"}));
  ASSERT_TRUE(process.read_until([&](const Result&) { return !everything_in(work.path()).empty(); }));
  process.kill(SIGINT);
  const Result result = process.wait();
  EXPECT_EQ(result.code, 130) << result.err;
  expect_contains(result.err, "out.jsonl was not written");
  EXPECT_EQ(everything_in(work.path()), std::vector<std::string>());
}

TEST_F(Merge, TheFolderIsCompleteAndSpeaksAlike) {
  const std::string with_adapter = succeeds(generate({"--prompt", kPrompt, "--adapter", adapter})).out;
  const Result merged = succeeds(merge({"--json", "--also-delta"}));
  const auto report = nlohmann::json::parse(merged.out);
  for (const char* key : {"bytes", "tensors", "merged_tensors", "seconds", "check_seconds", "max_logit_difference",
                          "mean_kl", "peak_rss_bytes"})
    EXPECT_TRUE(report.at(key).is_number()) << key;
  EXPECT_EQ(report.at("output"), "out");
  EXPECT_EQ(report.at("dtype"), "float32");
  EXPECT_EQ(report.at("merged_tensors"), 2);
  EXPECT_LT(report.at("max_logit_difference"), 1e-4);
  EXPECT_EQ(everything_in(work / "out"),
            (std::vector<std::string>{"config.json", "delta.safetensors", "generation_config.json", "model.safetensors",
                                      "tokenizer.json", "tokenizer_config.json"}));
  EXPECT_EQ(succeeds({"generate", "--model", "out", "--prompt", kPrompt, "--max-new-tokens", "8"}).out, with_adapter);

  const Result plain =
      succeeds(merge({"--output", "half", "--dtype", "fp16", "--max-shard-size", "20k", "--no-check"}));
  expect_contains(plain.out, "float16");
  expect_contains(plain.out, "next: aacft generate --model half");
  EXPECT_TRUE(fs::exists(work / "half/model.safetensors.index.json"));
  EXPECT_EQ(nlohmann::json::parse(succeeds({"info", "half", "--json"}).out).at("layout"), "sharded safetensors");
}

}  // namespace
}  // namespace aacft::testing
