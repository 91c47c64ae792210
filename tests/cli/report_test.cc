// train --report and report: the page about a run.
#include "support.h"

namespace aacft::testing {
namespace {

class Report : public CommandTest {
 protected:
  Arguments small_run(const std::string& output, const Arguments& more = {}) const {
    return Arguments{"train", "--model",      seq,   "--data",       rows,   "--output",      output, "--max-steps",
                     "12",    "--warmup",     "2",   "--lr",         "0.05", "--micro-batch", "2",    "--accumulation",
                     "1",     "--eval-split", "0.1", "--eval-steps", "4",    "--save-steps",  "6"} +
           more;
  }
  std::string page(const std::string& folder) const { return read_text(work / folder / "report.html"); }
  std::vector<nlohmann::json> samples(const std::string& folder) const {
    return json_lines(read_text(work / folder / "samples.jsonl"));
  }

  // What the program says to a prompt by itself.
  std::string answer(const std::string& prompt, const Arguments& more = {}) const {
    const auto lines =
        json_lines(succeeds(Arguments{"generate", "--model", seq, "--prompt", prompt, "--json"} + more).out);
    std::string text = lines.at(0).at("text");
    text.erase(0, std::min(text.find_first_not_of(" \n"), text.size()));
    text.erase(text.find_last_not_of(" \n") + 1);
    return text;
  }
};

bool renews(const std::string& page) { return page.find("http-equiv=\"refresh\"") != page.npos; }

TEST_F(Report, ChangesNothingOfTheRun) {
  for (const Arguments& kind :
       {Arguments{}, Arguments{"--dora", "--dropout", "0.2", "--keep-best"}, Arguments{"--full"}}) {
    const std::string result = kind == Arguments{"--full"} ? "model.safetensors" : "adapter_model.safetensors";
    succeeds(small_run("plain", kind + Arguments{"--overwrite"}));
    const Result told = succeeds(small_run("shown", kind + Arguments{"--overwrite", "--report"}));
    expect_contains(told.out, "the report is shown/report.html\n");
    EXPECT_TRUE(read_text(work / "plain" / result) == read_text(work / "shown" / result));
    const auto plain = json_lines(read_text(work / "plain/metrics.jsonl")),
               shown = json_lines(read_text(work / "shown/metrics.jsonl"));
    ASSERT_EQ(plain.size(), shown.size());
    for (std::size_t i = 0; i < plain.size(); ++i)
      for (const char* key : {"loss", "grad_norm", "eval_loss"})
        EXPECT_EQ(plain[i].value(key, -1.0), shown[i].value(key, -1.0));
  }
  EXPECT_FALSE(fs::exists(work / "plain/report.html"));
  EXPECT_FALSE(fs::exists(work / "plain/samples.jsonl"));
}

TEST_F(Report, ShowsTheAnswersThatGenerateGives) {
  succeeds(small_run("out", {"--report", "--report-prompts", "2"}));
  const auto tried = samples("out");
  ASSERT_EQ(tried.size(), 2u);
  for (const auto& sample : tried) {
    EXPECT_EQ(sample.at("before"), answer(sample.at("prompt")));
    EXPECT_EQ(sample.at("after"), answer(sample.at("prompt"), {"--adapter", "out"}));
    EXPECT_NE(sample.at("before"), sample.at("after"));
    expect_contains(read_text(rows), sample.at("reference"));
  }
  const std::string html = page("out");
  for (const char* part : {"Finished after 12 steps.", "Answers before and after", "did not learn from",
                           "aacft merge --model", "<td>0.05</td><td>2e-04</td>", "id=\"loss-title\""})
    expect_contains(html, part);
  EXPECT_FALSE(renews(html));
  for (const char* outside : {"http:", "https:", "<script"}) EXPECT_EQ(html.find(outside), html.npos) << outside;
}

TEST_F(Report, GoesOnWhenTheRunIsResumed) {
  succeeds(small_run("whole", {"--report"}));
  {
    Process process(work.path(), small_run("parts", {"--report", "--max-steps", "3000", "--save-steps", "20"}));
    ASSERT_TRUE(process.read_until(
        [&](const Result&) { return fs::exists(work / "parts/checkpoints/step-00000020/state.json"); }));
    EXPECT_TRUE(renews(page("parts")));
    process.kill(SIGKILL);
    process.wait();
  }
  for (const auto& sample : samples("parts")) EXPECT_FALSE(sample.contains("after"));
  succeeds({"train", "--resume", "parts", "--max-steps", "30"});
  EXPECT_FALSE(renews(page("parts")));
  expect_contains(page("parts"), "Finished after");
  const auto first = samples("whole"), resumed = samples("parts");
  ASSERT_EQ(first.size(), 5u);
  ASSERT_EQ(resumed.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(resumed[i].at("prompt"), first[i].at("prompt"));
    EXPECT_EQ(resumed[i].at("before"), first[i].at("before"));  // the base model's, not the checkpoint's
    EXPECT_TRUE(resumed[i].contains("after"));
  }
  // A finished run that goes on.
  succeeds({"train", "--resume", "whole", "--max-steps", "13"});
  expect_contains(page("whole"), "Finished after 13 steps.");
}

TEST_F(Report, BeginsLateWithTheModelAsItWas) {
  succeeds(small_run("whole", {"--report"}));
  succeeds(small_run("late"));
  succeeds({"train", "--resume", "late", "--report"});
  EXPECT_EQ(samples("late"), samples("whole"));
}

TEST_F(Report, OfAnInterruptedRunSaysHowToGoOn) {
  Process process(work.path(), small_run("out", {"--report", "--max-steps", "5000"}));
  ASSERT_TRUE(
      process.read_until([&](const Result&) { return lines_of(read_text(work / "out/metrics.jsonl")).size() > 10; }));
  process.kill(SIGTERM);
  EXPECT_EQ(process.wait().code, 128 + SIGTERM);
  EXPECT_FALSE(renews(page("out")));
  expect_contains(page("out"), "Not finished: step ");
  expect_contains(page("out"), "aacft train --resume " + (work / "out").string());
}

TEST_F(Report, OfARunThatFailsDoesNotStayLive) {
  EXPECT_EQ(run(small_run("out", {"--report", "--lr", "1e30", "--max-grad-norm", "0", "--warmup", "0", "--schedule",
                                  "constant"}))
                .code,
            1);
  EXPECT_FALSE(renews(page("out")));
  expect_contains(page("out"), "Not finished");
}

TEST_F(Report, ThatCannotBeWrittenIsWarnedOf) {
  const Result result = run(small_run("out", {"--report", "missing/folder/page.html"}));
  EXPECT_EQ(result.code, 0);
  expect_contains(result.err, "the report could not be made");
  expect_contains(result.err, "missing/folder");
  EXPECT_EQ(lines_of(result.err).size(), 1u) << result.err;  // once
  EXPECT_TRUE(fs::exists(work / "out/adapter_model.safetensors"));
}

TEST_F(Report, HasAHtmlName) {
  for (const char* name : {"metrics.jsonl", "config.toml", "report"})
    expect_message(run(small_run("out", {"--report", name})), 2, {"--report", name, ".html"});
  EXPECT_FALSE(fs::exists(work / "out"));
  succeeds(small_run("out", {"--report", "curves.html", "--report-prompts", "0"}));
  EXPECT_TRUE(fs::exists(work / "out/curves.html"));
  EXPECT_FALSE(fs::exists(work / "out/samples.jsonl"));
  expect_contains(read_text(work / "out/config.toml"), "report = \"curves.html\"\n");
  succeeds(small_run("out", {"--overwrite", "--report", "./here.html"}));
  EXPECT_TRUE(fs::exists(work / "here.html"));
}

TEST_F(Report, CanBeMadeAfterwards) {
  succeeds(small_run("with", {"--report"}));
  succeeds(small_run("without"));
  expect_contains(succeeds({"report", "without"}).out, "the report is without/report.html\n");
  EXPECT_EQ(page("without").find("Answers before"), std::string::npos);
  expect_contains(page("without"), "Finished after 12 steps.");
  succeeds({"report", "without", "--prompts", "5"});
  EXPECT_EQ(samples("without"), samples("with"));  // two ways to the same answers
  succeeds({"report", "without", "--output", "elsewhere.html"});
  expect_contains(read_text(work / "elsewhere.html"), "Answers before and after");
  fs::rename(work / "without", work / "moved");
  succeeds({"report", "moved"});
  expect_contains(page("moved"), "--adapter " + (work / "moved").string());
}

TEST_F(Report, OfARunUnderWay) {
  Process process(work.path(), small_run("out", {"--max-steps", "100000"}));
  ASSERT_TRUE(
      process.read_until([&](const Result&) { return lines_of(read_text(work / "out/metrics.jsonl")).size() > 10; }));
  succeeds({"report", "out"});
  EXPECT_TRUE(renews(page("out")));
  expect_message(run({"report", "out", "--prompts", "1"}), 1, {"finished run", "out"});
}

TEST_F(Report, NeedsARun) {
  expect_message(run({"report", seq}), 1, {seq.string(), "does not hold a training run"});
  expect_message(run({"report", "nowhere"}), 1, {"nowhere", "does not hold a training run"});
  expect_message(run({"report"}), 1, {"run", "does not hold a training run"});  // the one here, if there were one
  succeeds(small_run("out"));
  write_text(work / "out/config.toml", "model = \"a\"\ndata = \"b\"\nlr = \"high\"\n");
  expect_message(run({"report", "out"}), 1, {"config.toml", "lr"});
  write_text(work / "out/config.toml", "strange = 1\n");
  expect_message(run({"report", "out"}), 2, {"config.toml:1", "strange"});
}

}  // namespace
}  // namespace aacft::testing
