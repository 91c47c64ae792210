// Several processes train together (law 8), and what becomes of them when one ends.
#include <cmath>

#include "meeting.h"

namespace aacft::testing {
namespace {

class Workers : public CommandTest {
 protected:
  fs::path model = seq;
  TemporaryFolder elsewhere;  // where the workers other than the first run

  // In fp32: bf16 rounds the gradients of a beginning that rows share, and which rows those are depends on the workers.
  Arguments run_of(const std::string& output, const Arguments& more = {}) const {
    return Arguments{"train", "--compute",      "fp32", "--model",      model, "--data",       rows,   "--output",
                     output,  "--max-steps",    "12",   "--warmup",     "2",   "--lr",         "1e-3", "--micro-batch",
                     "3",     "--accumulation", "3",    "--eval-split", "0.2", "--eval-steps", "4",    "--save-steps",
                     "0",     "--threads",      "1"} +
           more;
  }

  std::vector<std::unique_ptr<Process>> start_all(int size, const Arguments& arguments) const {
    const Environment together = meeting(size);
    std::vector<std::unique_ptr<Process>> workers;
    for (int i = 0; i < size; ++i)
      workers.push_back(start(i == 0 ? work.path() : elsewhere.path(), arguments, together + rank(i)));
    return workers;
  }

  // The first one's result; the others must end well, silently and without a file.
  Result finish(int size, const Arguments& arguments) const {
    const auto workers = start_all(size, arguments);
    const Result first = workers[0]->wait();
    EXPECT_EQ(first.code, 0) << first.err;
    for (int rank = 1; rank < size; ++rank) {
      const Result other = workers[static_cast<std::size_t>(rank)]->wait();
      EXPECT_EQ(other.code, 0) << other.err;
      EXPECT_EQ(other.out + other.err, "");
    }
    EXPECT_TRUE(fs::is_empty(elsewhere.path()));
    return first;
  }

  std::vector<nlohmann::json> metrics(const std::string& folder) const {
    return json_lines(read_text(work / folder / "metrics.jsonl"));
  }
  std::string weights(const std::string& folder) const {
    return read_text(work / folder / "adapter_model.safetensors");
  }

  void expect_same_curve(const std::string& folder, const std::string& expected) const {
    const auto ours = metrics(folder), theirs = metrics(expected);
    ASSERT_EQ(ours.size(), theirs.size());
    for (std::size_t i = 0; i < ours.size(); ++i) {
      EXPECT_EQ(ours[i].at("step"), i + 1);
      EXPECT_EQ(ours[i].contains("eval_loss"), theirs[i].contains("eval_loss")) << i;
      for (const char* key : {"loss", "eval_loss", "grad_norm"})
        if (theirs[i].contains(key)) {
          EXPECT_NEAR(ours[i].at(key).get<double>(), theirs[i].at(key).get<double>(),
                      1e-6 * theirs[i].at(key).get<double>())
              << key << " of step " << i + 1;
        }
    }
  }

  void wait_for_steps(Process& first, const std::string& folder, std::size_t steps) const {
    ASSERT_TRUE(first.read_until([&](const Result&) {
      return lines_of(read_text(work / folder / "metrics.jsonl")).size() > steps;
    })) << first.wait().err;
  }
};

TEST_F(Workers, TheCurveOfOneProcessAndTheSameBitsAgain) {
  succeeds(run_of("one"));
  EXPECT_FALSE(metrics("one")[0].contains("communication_seconds"));
  expect_contains(finish(2, run_of("two")).out, "; 2 workers\n");
  EXPECT_TRUE(metrics("two")[0].at("communication_seconds").is_number());
  finish(4, run_of("four"));
  expect_same_curve("two", "one");
  expect_same_curve("four", "one");
  finish(2, run_of("again", {"--threads", "2", "--recompute", "on"}));
  EXPECT_EQ(weights("again"), weights("two"));
}

TEST_F(Workers, MoreThanTheRowsOfAStep) {
  const Arguments few = {"--micro-batch", "1", "--accumulation", "2", "--loss-norm", "micro", "--dora"};
  succeeds(run_of("one", few));
  finish(3, run_of("three", few));
  expect_same_curve("three", "one");
}

TEST_F(Workers, WithAModelOfLlamasKind) {
  const TemporaryFolder made;
  model = made / "llama";
  succeeds({"init", "--shape", "tiny-llama", "--seed", "3", "--output", model});
  succeeds(run_of("one", {"--target-modules", "all-linear"}));
  finish(2, run_of("two", {"--target-modules", "all-linear"}));
  expect_same_curve("two", "one");
}

TEST_F(Workers, EveryWeight) {
  const Arguments full = {"--full", "--max-steps", "4"};
  succeeds(run_of("one", full));
  finish(2, run_of("two", full));
  expect_same_curve("two", "one");
}

TEST_F(Workers, OneThatDiesEndsAllAndAnyNumberGoesOn) {
  const Arguments longer = {"--max-steps", "60"};
  succeeds(run_of("whole", longer));
  auto workers = start_all(3, run_of("run", longer));
  wait_for_steps(*workers[0], "run", 20);
  const auto killed = std::chrono::steady_clock::now();
  workers[2]->kill(SIGKILL);
  const Result first = workers[0]->wait(), second = workers[1]->wait();
  EXPECT_LT(std::chrono::steady_clock::now() - killed, std::chrono::seconds(10));
  expect_message(first, 1,
                 {"step ", "another worker has ended or cannot be reached",
                  "with any number of workers: aacft train --resume \"run\""});
  expect_message(second, 1, {"step ", "another worker has ended or cannot be reached", "aacft train --resume"});
  const std::size_t done = metrics("run").size();
  if (done % 4 != 0)  // else it may have died in the evaluation
    expect_contains(first.err, "go on from step " + std::to_string(done) + ", which is saved");

  fs::copy(work / "run", work / "copy", fs::copy_options::recursive);
  succeeds({"train", "--resume", "copy"});
  expect_same_curve("copy", "whole");
  // Machines that do not share the folder take the options from elsewhere.
  const Environment two = meeting(2);
  const auto one = start(elsewhere.path(), run_of("run", longer), two + rank(1));
  const auto zero = start(work.path(), {"train", "--resume", "run"}, two + rank(0));
  expect_contains(zero->wait().out, "finished step 60");
  EXPECT_EQ(one->wait().code, 0);
  expect_same_curve("run", "whole");
}

TEST_F(Workers, TheFirstOneMayDie) {
  auto workers = start_all(2, run_of("run", {"--max-steps", "1000"}));
  wait_for_steps(*workers[0], "run", 5);
  workers[0]->kill(SIGKILL);
  expect_message(workers[1]->wait(), 1,
                 {"another worker has ended or cannot be reached", "go on from the last checkpoint"});
}

TEST_F(Workers, OneThatHangsEndsAllInTime) {
  ::setenv("AACFT_WORKER_TIMEOUT", "2", 1);
  auto workers = start_all(2, run_of("run", {"--max-steps", "1000"}));
  ::unsetenv("AACFT_WORKER_TIMEOUT");
  wait_for_steps(*workers[0], "run", 5);
  workers[1]->kill(SIGSTOP);
  expect_message(workers[0]->wait(), 1, {"another worker has ended or cannot be reached", "imed out"});
}

TEST_F(Workers, ASignalToOneStopsAllAtTheSameStep) {
  const Arguments longer = {"--max-steps", "200"};
  auto workers = start_all(2, run_of("run", longer));
  wait_for_steps(*workers[0], "run", 5);
  workers[1]->kill(SIGTERM);
  const Result first = workers[0]->wait();
  EXPECT_EQ(first.code, 128 + SIGTERM);
  EXPECT_EQ(workers[1]->wait().code, 128 + SIGTERM);
  const std::size_t done = metrics("run").size();
  expect_contains(first.out, "stopped after step " + std::to_string(done) + ", and saved");
  EXPECT_LT(done, 200u);
}

TEST_F(Workers, DifferentOptionsOrRowsAreRefused) {
  const std::string few = input("few.jsonl", lines_of(read_text(rows))[0] + "\n" + lines_of(read_text(rows))[1] + "\n");
  for (const auto& [other, named] :
       {std::pair(Arguments{"--lr", "0.5"}, std::string("worker 0 has lr = 0.001, worker 1 has lr = 0.5")),
        {Arguments{"--data", few}, std::string("worker 1 has 1 rows")}}) {
    const Environment two = meeting(2);
    const auto zero = start(work.path(), run_of("run"), two + rank(0)),
               one = start(work.path(), run_of("run", other), two + rank(1));
    expect_message(zero->wait(), 2, {"the workers differ", named});
    expect_message(one->wait(), 2, {"the workers differ", named});
  }
  EXPECT_TRUE(fs::is_empty(work.path()));
}

TEST_F(Workers, OneThatIsAloneSaysSo) {
  const Environment two = meeting(2) + Environment{{"AACFT_WORKER_TIMEOUT", "1"}};
  expect_message(start(work.path(), run_of("run"), two + rank(0))->wait(), 1,
                 {"worker 0 of 2 did not meet the others at 127.0.0.1"});
  expect_message(start(work.path(), run_of("run"), two + rank(1))->wait(), 1,
                 {"worker 1 of 2 did not meet the others"});
  expect_message(start(work.path(), run_of("run"), {{"WORLD_SIZE", "2"}})->wait(), 2, {"RANK is not set"});
  EXPECT_TRUE(fs::is_empty(work.path()));
}

}  // namespace
}  // namespace aacft::testing
