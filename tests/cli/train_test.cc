// train: configuration, the files of a run, signals, resuming, the terminal.
#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "support.h"

namespace aacft::testing {
namespace {

class Train : public CommandTest {
 protected:
  // Many short steps.
  Arguments long_run(const std::string& output, const Arguments& more = {}) const {
    return Arguments{"train", "--model",  seq, "--data",        rows, "--output",       output, "--max-steps",
                     "500",   "--warmup", "5", "--micro-batch", "1",  "--accumulation", "1"} +
           more;
  }
  std::string weights(const std::string& folder) const {
    return read_text(work / folder / "adapter_model.safetensors");
  }
};

TEST_F(Train, MetricsHaveTheDocumentedKeys) {
  const Result result = succeeds(train({"--max-steps", "2", "--eval-split", "0.2", "--eval-steps", "2"}));
  expect_contains(result.out, "aacft generate --model " + seq.string() + " --adapter out");
  EXPECT_EQ(result.out.find_first_of("\r\033"), std::string::npos);  // plain lines
  const auto lines = json_lines(read_text(work / "out/metrics.jsonl"));
  ASSERT_EQ(lines.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(lines[i].at("step"), i + 1);
    for (const char* key : {"epoch", "loss", "learning_rate", "grad_norm", "tokens", "tokens_per_second", "seconds",
                            "passes", "rss_bytes", "peak_rss_bytes", "cpu_percent"})
      EXPECT_TRUE(lines[i].at(key).is_number()) << key;
  }
  EXPECT_FALSE(lines[0].contains("eval_loss"));
  EXPECT_TRUE(lines[1].at("eval_loss").is_number());
  expect_contains(result.out, "step 2: evaluation loss");
}

TEST_F(Train, FlagsWinOverTheFileAndTheFileOverDefaults) {
  input("run.toml", "# a comment\n[train]  # and another\nmodel = '" + seq.string() + "'\n\"data\" = \"" +
                        rows.string() +
                        "\"\noutput = \"from file\"\nmax_steps = 1_0\nlr = 1e-3\nwarmup = 0\nrank = 4\ntarget_modules "
                        "= [\n  \"dense\",  # one\n  'query_key_value',\n]\n"
                        "append-eos = false\nno-shuffle = true\ndora = true\nresponse-marker = \"<bot> \\\"x\\\" # no "
                        "comment:\\n\"\nmemory-budget = \"6G\"\n");
  succeeds({"train", "-c", inputs / "run.toml", "--max-steps=2", "--learning_rate", "1", "--lr", "2e-3", "-r3"});
  const std::string config = read_text(work / "from file/config.toml");
  for (const char* line :
       {"\nmax-steps = 2\n", "\nlr = 0.002\n", "\nrank = 3\n", "\nalpha = 32\n",
        "\ntarget-modules = [\"dense\", \"query_key_value\"]\n", "\nappend-eos = false\n", "\nshuffle = false\n",
        "\ndora = true\n", "\nrslora = false\n", "\nresponse-marker = \"<bot> \\\"x\\\" # no comment:\\u000A\"\n",
        "\nmemory-budget = 6000000000\n"})
    expect_contains(config, line);
}

// Every option of --help stands in config.toml, and the file alone repeats the run.
TEST_F(Train, TheResolvedConfigurationRepeatsTheRun) {
  succeeds(train({"--max-steps",
                  "3",
                  "--rank",
                  "3",
                  "--lr",
                  "0.0123",
                  "--schedule",
                  "cosine",
                  "--dropout",
                  "0.2",
                  "--target-modules",
                  "all-linear",
                  "--rslora",
                  "--loss-norm",
                  "micro",
                  "--mask-prompt",
                  "--seed",
                  "7",
                  "--no-append-eos",
                  "--response-marker",
                  "<bot>:"}));
  const std::string config = read_text(work / "out/config.toml");
  succeeds({"train", "--config", "out/config.toml", "--output", "again"});
  EXPECT_EQ(weights("again"), weights("out"));
  EXPECT_EQ(read_text(work / "again/adapter_config.json"), read_text(work / "out/adapter_config.json"));

  const std::string help = succeeds({"train", "--help"}).out;
  std::vector<std::string> keys;
  for (const std::string& line : lines_of(config)) keys.push_back(line.substr(0, line.find(' ')));
  for (const std::string& line : lines_of(help)) {
    const std::size_t at = line.find("--");
    if (!line.starts_with("  ") || at > 5) continue;
    const std::string name = line.substr(at + 2, line.find_first_of(", ", at) - at - 2);
    if (name == "help" || name == "config" || name == "resume") continue;
    EXPECT_NE(std::find(keys.begin(), keys.end(), name), keys.end()) << name << " is not in config.toml";
  }

  // The command line's --epochs puts the file's max-steps aside, and the other way round.
  succeeds({"train", "--config", "out/config.toml", "--output", "epochs", "--epochs", "0.5"});
  EXPECT_EQ(lines_of(read_text(work / "epochs/metrics.jsonl")).size(), 2u);
  succeeds({"train", "--config", "epochs/config.toml", "--output", "steps", "--max-steps", "1"});
  EXPECT_EQ(lines_of(read_text(work / "steps/metrics.jsonl")).size(), 1u);
}

TEST_F(Train, SeveralTargetsInEveryNotation) {
  const std::string wanted = "\ntarget-modules = [\"dense\", \"query_key_value\"]\n";
  for (const Arguments& targets :
       {Arguments{"--target-modules", "dense", "query_key_value"}, Arguments{"--target_modules=dense,query_key_value"},
        Arguments{"--target-modules", "dense", "--target-modules", "query_key_value"}}) {
    succeeds(train({"--overwrite"}) + targets);
    expect_contains(read_text(work / "out/config.toml"), wanted);
  }
  const Result half = run(train({"--overwrite", "--target-modules", "dense,nonsense"}));
  EXPECT_EQ(half.code, 0);
  expect_contains(half.err, "nonsense");
}

TEST_F(Train, WarnsOfAWarmUpThatFillsTheRun) { expect_contains(run(train({"--warmup", "100"})).err, "--warmup"); }

TEST_F(Train, SignalsSaveAndResumingEndsInTheSameBytes) {
  succeeds(long_run("whole"));
  std::size_t seen = 0;
  Arguments arguments = long_run("parts");
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    Process process(work.path(), arguments);
    ASSERT_TRUE(process.read_until([&](const Result&) {
      return lines_of(read_text(work / "parts/metrics.jsonl")).size() > seen + 20;
    })) << process.wait().err;
    process.kill(signal);
    const Result result = process.wait();
    EXPECT_EQ(result.code, 128 + signal) << result.out << result.err;
    expect_contains(result.out, "and saved; go on with: aacft train --resume parts");
    expect_contains(result.err, "stopping after this step");
    EXPECT_FALSE(fs::exists(work / "parts/adapter_model.safetensors"));
    seen = lines_of(read_text(work / "parts/metrics.jsonl")).size();
    EXPECT_LT(seen, 500u);
    arguments = {"train", "--resume", "parts"};
  }
  const Result last = succeeds(arguments);
  expect_contains(last.out, "going on after step " + std::to_string(seen));
  EXPECT_EQ(weights("parts"), weights("whole"));
  const auto metrics = json_lines(read_text(work / "parts/metrics.jsonl")),
             whole = json_lines(read_text(work / "whole/metrics.jsonl"));
  ASSERT_EQ(metrics.size(), 500u);
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    EXPECT_EQ(metrics[i].at("step"), i + 1);
    EXPECT_EQ(metrics[i].at("loss"), whole[i].at("loss"));
  }
  expect_no_temporaries(work.path());
}

TEST_F(Train, ASecondSignalEndsAtOnce) {
  Process process(work.path(), train({"--accumulation", "3000"}));  // a step that takes a while
  ASSERT_TRUE(process.read_until([](const Result& r) { return r.out.find("passes of") != r.out.npos; }));
  process.kill(SIGINT);
  ASSERT_TRUE(process.read_until([](const Result& r) { return r.err.find("stopping after this step") != r.err.npos; }));
  const auto started = std::chrono::steady_clock::now();
  process.kill(SIGINT);
  EXPECT_EQ(process.wait().code, 130);
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(1));
  EXPECT_TRUE(fs::is_empty(work / "out/checkpoints"));
}

TEST_F(Train, StaysIgnorantOfIgnoredHangups) {  // nohup
  Process process(work.path(), train({"--max-steps", "50"}), [] { ::signal(SIGHUP, SIG_IGN); });
  ASSERT_TRUE(process.read_until([](const Result& r) { return r.out.find("step 2/50") != r.out.npos; }));
  process.kill(SIGHUP);
  const Result result = process.wait();
  EXPECT_EQ(result.code, 0);
  expect_contains(result.out, "finished step 50");
}

// Minimal systems mount no pseudo-terminals.
bool terminals_can_be_had() {
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
  if (terminal < 0) return false;
  const bool usable = ::grantpt(terminal) == 0 && ::unlockpt(terminal) == 0 && ::ptsname(terminal) != nullptr &&
                      fs::exists(::ptsname(terminal));
  ::close(terminal);
  return usable;
}

// Everything that a terminal of this width receives.
std::string on_terminal(const fs::path& folder, const Arguments& arguments, unsigned short width) {
  winsize size{24, width, 0, 0};
  int terminal = -1;
  std::vector<char*> argv = {const_cast<char*>(AACFT_BINARY)};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t pid = ::forkpty(&terminal, nullptr, nullptr, &size);
  if (pid == 0) {
    if (::chdir(folder.c_str()) == 0) ::execv(AACFT_BINARY, argv.data());
    ::_exit(99);
  }
  if (pid < 0) throw std::runtime_error("no terminal could be had");
  std::string text;
  char buffer[4096];
  for (ssize_t n; (n = ::read(terminal, buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(n));
  int status = 0;
  ::waitpid(pid, &status, 0);
  ::close(terminal);
  EXPECT_EQ(status, 0) << text;
  return text;
}

TEST_F(Train, ALiveBarFitsTheTerminal) {
  if (!terminals_can_be_had()) GTEST_SKIP() << "no pseudo-terminal can be had here";
  for (const unsigned short width : {40, 60, 80, 140}) {
    SCOPED_TRACE(width);
    const std::string text =
        on_terminal(work.path(), train({"--overwrite", "--max-steps", "4", "--save-steps", "2"}), width);
    std::size_t bars = 0;
    for (std::size_t at = text.find("\r"); at != text.npos; at = text.find("\r", at + 1)) {
      const std::size_t end = text.find("\033[K", at);
      if (end == text.npos || text.find_first_of("\n\r", at + 1) < end) continue;
      const std::string line = text.substr(at + 1, end - at - 1);
      EXPECT_LT(line.size(), width) << line;
      if (line.empty()) continue;
      ++bars;
      expect_contains(line, "/4");
      expect_contains(line, "loss ");
      EXPECT_TRUE(line.find(" left") != line.npos || line.find("done") != line.npos) << line;
      if (width < 80) continue;
      for (const char* part : {"[", "lr ", " tok/s", " MB"}) expect_contains(line, part);
      if (width >= 140) expect_contains(line, "grad ");
    }
    EXPECT_GE(bars, 4u) << text;
    expect_contains(text, "step 2: saved out/checkpoints/step-00000002\r\n");  // a line of its own
  }
}

}  // namespace
}  // namespace aacft::testing
