// Law 10 of the design: whatever instant a process dies at, or the power fails, the old state or the new one is there,
// and a run that is resumed ends bit for bit as one that was never stopped.
//
// AACFT_TORTURE_KILLS and AACFT_TORTURE_SEED: how many and which; scripts/torture sets them.
#include <cstdio>
#include <map>

#include "cli/meeting.h"
#include "torture/torture.h"

namespace aacft::testing {
namespace {

long setting(const char* name, long otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::atol(value);
}
long kills_wanted() { return setting("AACFT_TORTURE_KILLS", 20); }
unsigned seed() { return static_cast<unsigned>(setting("AACFT_TORTURE_SEED", 1)); }

// What the kills hit: "torn write" -> how often.
struct Tally {
  std::map<std::string, long> hits;
  ~Tally() {
    for (const auto& [what, count] : hits) std::printf("    %-24s %ld\n", what.c_str(), count);
  }
};

Fault random_fault(std::mt19937& random, long operations) {
  static const char* const kActions[] = {"kill", "kill", "torn", "power", "power"};
  return {kActions[random() % 5], 1 + static_cast<long>(random() % static_cast<unsigned long>(operations)),
          static_cast<unsigned>(random())};
}

std::string kind_of_last(const fs::path& log) {
  const auto lines = log_lines(log);
  if (lines.empty()) return "nothing";
  const std::string& line = lines.back();
  const std::size_t space = line.find(' ') + 1;
  return line.substr(space, line.find(' ', space) - space);
}

// Kills a run and has it go on, again and again, until so many are dead.
void kill_and_resume(const Arguments& more, long wanted) {
  const TemporaryFolder folder;
  const fs::path root = folder / "work", log = folder / "log";
  fs::create_directory(root);
  const auto started = std::chrono::steady_clock::now();
  ASSERT_EQ(Process(root, training(root / "reference") + more, with({}, root, log)).wait().code, 0);
  const auto took = std::chrono::steady_clock::now() - started;
  const auto expected = content_of(root / "reference");
  const long operations = static_cast<long>(log_lines(log).size());
  ASSERT_GT(operations, 100);

  std::mt19937 random(seed());
  Tally tally;
  long kills = 0;
  for (int run = 0; kills < wanted && !::testing::Test::HasFailure(); ++run) {
    const fs::path output = root / ("run-" + std::to_string(run));
    const long most = 1 + static_cast<long>(random() % 8);
    bool finished = false;
    long saved = 0;
    for (long i = 0; i < most && !finished && kills < wanted; ++i) {
      fs::remove(log);
      const bool by_clock = random() % 6 == 0;
      const Fault fault = by_clock ? Fault{} : random_fault(random, operations);
      SCOPED_TRACE("run " + std::to_string(run) + ": " + fault.action + " at " + std::to_string(fault.at));
      Process process(root, training_or_resuming(output, more), with(fault, root, log));
      if (by_clock) {
        std::this_thread::sleep_for(took * (random() % 1000) / 1000);
        process.kill(SIGKILL);
      }
      const Result result = process.wait();
      finished = result.code == 0;
      if (finished) break;
      ASSERT_EQ(result.code, 128 + SIGKILL) << result.err;
      expect_whole_files(output, expected);
      // Nothing that was saved, or said to be, is lost.
      saved = std::max(saved, reported_as_saved(result));
      EXPECT_GE(newest_checkpoint(output), saved);
      saved = newest_checkpoint(output);
      ++kills;
      ++tally.hits[by_clock ? "killed by the clock" : fault.action + " at " + kind_of_last(log)];
    }
    SCOPED_TRACE("run " + std::to_string(run));
    if (!finished) {
      const Result result = Process(root, training_or_resuming(output, more)).wait();
      ASSERT_EQ(result.code, 0) << result.err;
    }
    expect_same(content_of(output), expected);
  }
  std::printf("%ld kills among %ld file operations a run, seed %u\n", kills, operations, seed());
}

TEST(Crash, ATrainingRunIsNeverLost) { kill_and_resume({}, kills_wanted()); }
TEST(Crash, NorIsOneOfAWholeModel) { kill_and_resume({"--full"}, std::max<long>(kills_wanted() / 7, 2)); }

// Two workers, one of which dies at an operation of the first; the other must end, too.
TEST(Crash, NorIsOneOfSeveralWorkers) {
  const TemporaryFolder folder;
  const fs::path root = folder / "work", log = folder / "log";
  fs::create_directory(root);
  // What becomes of both. With a fault, `second` says whose it is.
  const auto train = [&](const fs::path& output, Fault fault = {}, bool second = false) {
    const Arguments arguments = training_or_resuming(output);
    const Environment two = meeting(2) + Environment{{"AACFT_WORKER_TIMEOUT", "10"}};
    const auto one = start(root, arguments, two + rank(1));
    if (second) fault.action = "other:" + std::to_string(one->pid());
    Process zero(root, arguments, [&] { set(two + rank(0)), with(fault, root, log)(); });
    const Result result = zero.wait();
    return std::pair(result, one->wait());
  };
  ASSERT_EQ(train(root / "reference").first.code, 0);
  const auto expected = content_of(root / "reference");
  const long operations = static_cast<long>(log_lines(log).size()), wanted = std::max<long>(kills_wanted() / 4, 4);

  std::mt19937 random(seed());
  Tally tally;
  long saved = 0, run = 0;
  for (long kills = 0; kills < wanted && !::testing::Test::HasFailure();) {
    const fs::path output = root / ("run-" + std::to_string(run));
    fs::remove(log);
    const bool second = random() % 2 == 0;
    const Fault fault = random_fault(random, operations);
    SCOPED_TRACE("run " + std::to_string(run) + ": " + (second ? "worker 1" : fault.action) + " at " +
                 std::to_string(fault.at));
    const auto [zero, one] = train(output, fault, second);
    if (zero.code == 0) {  // what goes on makes fewer operations; and after the last step the first one needs no other
      expect_same(content_of(output), expected);
      saved = 0, ++run;
      continue;
    }
    EXPECT_EQ(zero.code, second ? 1 : 128 + SIGKILL) << zero.err;
    EXPECT_TRUE(one.code == (second ? 128 + SIGKILL : 1) || (one.code == 0 && newest_checkpoint(output) >= 4))
        << one.code << one.err;
    expect_whole_files(output, expected);
    EXPECT_GE(newest_checkpoint(output), std::max(saved, reported_as_saved(zero)));
    saved = newest_checkpoint(output);
    ++kills;
    ++tally.hits[(second ? "worker 1, about " : fault.action + " at ") + kind_of_last(log)];
  }
  if (saved > 0) {
    const auto [zero, one] = train(root / ("run-" + std::to_string(run)));
    ASSERT_EQ(zero.code, 0) << zero.err;
    expect_same(content_of(root / ("run-" + std::to_string(run))), expected);
  }
}

// What a command that succeeded has written needs nothing more to last.
TEST(Crash, SuccessIsOnTheDisk) {
  const TemporaryFolder folder;
  const fs::path root = folder / "work", log = folder / "log";
  fs::create_directory(root);
  const std::string model = (goldens_dir() / "seq").string();
  const Arguments all = {"--save-total-limit", "0"};  // what was removed may come back
  for (const Arguments& command :
       {training("run") + all, training("whole") + all + Arguments{"--full"},
        Arguments{"init", "--output", "deep/new/model"},
        Arguments{"merge", "--model", model, "--adapter", (goldens_dir() / "adapter-seq-r2-token").string(), "--output",
                  "merged"},
        Arguments{"generate", "--model", model, "--data", (goldens_dir() / "rows.jsonl").string(), "--max-new-tokens",
                  "1", "--output", "texts/out.jsonl"}}) {
    SCOPED_TRACE(command[0]);
    fs::create_directory(root / "texts");
    const Result last = Process(root, command, with({"power", 0, 0}, root)).wait();
    ASSERT_EQ(last.code, 0) << last.err;
    const auto kept = content_of(root);
    fs::remove_all(root);
    fs::create_directories(root / "texts");
    ASSERT_EQ(Process(root, command).wait().code, 0);
    expect_same(kept, content_of(root));
    fs::remove_all(root);
    fs::create_directory(root);
  }
}

// The old run is there as it was, or a new one may begin in its place without being told to overwrite anything.
TEST(Crash, ReplacingARunTakesAnInstant) {
  const TemporaryFolder folder;
  const fs::path root = folder / "work", log = folder / "log";
  fs::create_directory(root);
  const fs::path run = root / "run";
  const Arguments old_run = training(run) + Arguments{"--rank", "3", "--overwrite"}, new_run = training(run);
  ASSERT_EQ(Process(root, new_run).wait().code, 0);
  const auto expected = content_of(run);
  ASSERT_EQ(Process(root, old_run).wait().code, 0);
  const auto old = content_of(run);
  std::mt19937 random(seed());
  const long kills = std::max<long>(kills_wanted() / 10, 2);
  int kept = 0, begun = 0;
  for (long i = 0; i < kills; ++i) {
    const Fault fault = random_fault(random, i % 2 == 0 ? 4 : 45);  // the first four are before the instant
    SCOPED_TRACE(fault.action + " at " + std::to_string(fault.at));
    EXPECT_EQ(Process(root, new_run + Arguments{"--overwrite"}, with(fault, root, log)).wait().code, 128 + SIGKILL);
    Result result = Process(root, new_run).wait();
    if (result.code != 0) {
      EXPECT_NE(result.err.find("holds a run already"), std::string::npos) << result.err;
      if (fs::exists(run / "checkpoints/step-00000002")) {
        result = Process(root, {"train", "--resume", run.string()}).wait();  // the new one, which has saved
        expect_same(content_of(run), expected);
      } else {
        ++kept;
        auto now = content_of(run);
        std::erase_if(now, [](const auto& file) {
          return fs::path(file.first).filename().string().find(".aacft-tmp-") != std::string::npos;
        });
        expect_same(now, old);
      }
    } else {
      ++begun;
      expect_same(content_of(run), expected);
    }
    ASSERT_EQ(Process(root, old_run).wait().code, 0);
  }
  EXPECT_GT(kept, 0);
  EXPECT_GT(begun, 0);
  std::printf("    the old one was kept %d times, the new one had begun %d times\n", kept, begun);
}

// Commands that make a new folder: it is there whole or not at all, and the next try finds nothing in its way.
TEST(Crash, ANewFolderIsThereWholeOrNotAtAll) {
  const TemporaryFolder folder;
  const fs::path root = folder / "work", log = folder / "log";
  fs::create_directory(root);
  const std::string model = (goldens_dir() / "seq").string(),
                    adapter = (goldens_dir() / "adapter-seq-r2-token").string();
  const std::vector<Arguments> commands = {{"merge", "--model", model, "--adapter", adapter, "--no-check",
                                            "--max-shard-size", "40K", "--also-delta", "--threads", "1", "--output"},
                                           {"init", "--shape", "tiny", "--output"}};
  std::mt19937 random(seed());
  for (const Arguments& command : commands) {
    const std::string name = command[0];
    fs::remove(log);
    const auto to = [&](const std::string& output) { return command + Arguments{(root / output).string()}; };
    const Result whole = Process(root, to(name + "-reference"), with({}, root, log)).wait();
    ASSERT_EQ(whole.code, 0) << whole.err;
    const auto expected = content_of(root / (name + "-reference"));
    const long operations = static_cast<long>(log_lines(log).size());
    const long kills = std::max<long>(kills_wanted() / 10, 2);
    for (long i = 0; i < kills; ++i) {
      const Fault fault = random_fault(random, operations);
      SCOPED_TRACE(name + ": " + fault.action + " at " + std::to_string(fault.at));
      const fs::path output = root / (name + "-" + std::to_string(i));
      EXPECT_EQ(Process(root, to(output.filename().string()), with(fault, root)).wait().code, 128 + SIGKILL);
      if (fs::exists(output)) expect_same(content_of(output), expected);
      if (!fs::exists(output)) {
        const Result again = Process(root, to(output.filename().string())).wait();
        EXPECT_EQ(again.code, 0) << again.err;
        expect_same(content_of(output), expected);
      }
      for (const auto& entry : fs::directory_iterator(root))
        EXPECT_EQ(entry.path().filename().string().find(output.filename().string() + ".aacft-tmp-"), std::string::npos)
            << entry.path();
    }
  }
}

}  // namespace
}  // namespace aacft::testing
