// Disks that are full, broken or gone; two runs in one folder; signals.
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <map>

#include "torture/torture.h"

namespace aacft::testing {
namespace {

struct Scene {
  TemporaryFolder folder;
  fs::path root = folder / "work", log = folder / "log";
  std::map<std::string, std::string> expected;
  std::vector<std::string> operations;

  Scene() {
    fs::create_directory(root);
    const Result result = Process(root, training(root / "reference"), with({}, root, log)).wait();
    EXPECT_EQ(result.code, 0) << result.err;
    expected = content_of(root / "reference");
    operations = log_lines(log);
  }

  // The n-th operation of a kind on a path with a part, as a number to give to FAULTS_AT.
  long operation(const std::string& kind, const std::string& part, int n = 1) const {
    for (std::size_t i = 0; i < operations.size(); ++i)
      if (operations[i].find(" " + kind + " ") != std::string::npos && operations[i].find(part) != std::string::npos &&
          --n == 0)
        return static_cast<long>(i) + 1;
    ADD_FAILURE() << "no " << kind << " of " << part;
    return 0;
  }

  void resumes(const fs::path& output) const {
    const Result result = Process(root, training_or_resuming(output)).wait();
    ASSERT_EQ(result.code, 0) << result.err;
    expect_same(content_of(output), expected);
  }
};

// One operation that fails costs at most a checkpoint; whatever it was, the run can be finished.
TEST(Disk, OneFailureIsWarnedOfOrEndsCleanly) {
  const Scene scene;
  std::mt19937 random(1);
  int survived = 0, ended = 0;
  for (int i = 0; i < 6; ++i) {
    static const char* const kActions[] = {"once:ENOSPC", "once:EIO", "short"};
    const Fault fault{kActions[i % 3], 1 + static_cast<long>(random() % scene.operations.size()), 0};
    SCOPED_TRACE(fault.action + " at " + scene.operations[static_cast<std::size_t>(fault.at) - 1]);
    const fs::path output = scene.root / ("once-" + std::to_string(i));
    const Result result = Process(scene.root, training(output), with(fault, scene.root)).wait();
    ASSERT_TRUE(result.code == 0 || result.code == 1) << result.code << result.err;
    ++(result.code == 0 ? survived : ended);
    EXPECT_LE(std::count(result.err.begin(), result.err.end(), '\n'), 3) << result.err;
    if (fault.action == "short") {
      EXPECT_EQ(result.code, 0) << result.err;
      expect_same(content_of(output), scene.expected);
    }
    // What a missed checkpoint or best would have been is not there; the result is the same unless the best was missed.
    if (result.code == 1) scene.resumes(output);
  }
  EXPECT_GT(survived, 1);
}

TEST(Disk, APeriodicCheckpointThatFailsIsTriedAgain) {
  const Scene scene;
  for (const auto& [action, kind, part] :
       {std::tuple("once:ENOSPC", "write", "step-00000002"), std::tuple("once:EIO", "fsync", "step-00000002"),
        std::tuple("once:EROFS", "open", "step-00000002"), std::tuple("once:EIO", "rename", "step-00000002")}) {
    SCOPED_TRACE(std::string(action) + " " + kind);
    const fs::path output = scene.root / (std::string("periodic-") + kind);
    const Result result =
        Process(scene.root, training(output), with({action, scene.operation(kind, part), 0}, scene.root)).wait();
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_NE(result.err.find("step 2 could not be saved: "), std::string::npos) << result.err;
    EXPECT_NE(result.err.find("training goes on"), std::string::npos) << result.err;
    expect_same(content_of(output), scene.expected);  // whose first checkpoint was removed anyway
  }
}

TEST(Disk, AFullDiskEndsTheRunWithTheLastCheckpointWhole) {
  const Scene scene;
  const fs::path output = scene.root / "full";
  const Result result = Process(scene.root, training(output),
                                with({"fail:ENOSPC", scene.operation("write", "step-00000004"), 0}, scene.root))
                            .wait();
  EXPECT_EQ(result.code, 1);
  EXPECT_NE(result.err.find("step 4 could not be saved: cannot write"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find(
                "No space left on device; step 2 is saved; when that is mended, go on with: aacft train --resume " +
                output.string()),
            std::string::npos)
      << result.err;
  EXPECT_TRUE(fs::exists(output / "checkpoints/step-00000002/state.json"));
  EXPECT_FALSE(fs::exists(output / "adapter_model.safetensors"));
  scene.resumes(output);
}

TEST(Disk, AResultThatCannotBeWrittenIsWrittenByResume) {
  const Scene scene;
  const fs::path output = scene.root / "result";
  const Result result =
      Process(scene.root, training(output),
              with({"fail:ENOSPC", scene.operation("open", "reference/adapter_model.safetensors"), 0}, scene.root))
          .wait();
  EXPECT_EQ(result.code, 1);
  EXPECT_NE(result.err.find("the run is over, but its result could not be written: "), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("step 6 is saved"), std::string::npos) << result.err;
  scene.resumes(output);
}

TEST(Disk, MetricsThatCannotBeWrittenAreWrittenLater) {
  const Scene scene;
  const fs::path output = scene.root / "metrics";
  const Result result =
      Process(scene.root, training(output),
              with({"once:ENOSPC", scene.operation("write", "reference/metrics.jsonl", 3), 0}, scene.root))
          .wait();
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.err.find("metrics.jsonl"), std::string::npos) << result.err;
  expect_same(content_of(output), scene.expected);
}

TEST(Disk, LimitsOfFileSizeAreErrors) {
  const Scene scene;
  const fs::path output = scene.root / "limited";
  const Result result = Process(scene.root, training(output), [] {
                          const rlimit limit{3000, 3000};
                          ::setrlimit(RLIMIT_FSIZE, &limit);
                        }).wait();
  EXPECT_EQ(result.code, 1);
  EXPECT_NE(result.err.find("File too large"), std::string::npos) << result.err;
  scene.resumes(output);
}

TEST(Disk, ASmallFileSystem) {
  const Scene scene;
  const fs::path disk = scene.folder / "disk";
  fs::create_directory(disk);
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=64k") != 0) GTEST_SKIP() << "cannot mount here";
  const Result result = Process(scene.root, training(disk / "run")).wait();
  EXPECT_EQ(result.code, 1);
  EXPECT_NE(result.err.find("No space left on device"), std::string::npos) << result.err;
  const Result merge =
      Process(scene.root, {"merge", "--model", (goldens_dir() / "seq").string(), "--adapter",
                           (goldens_dir() / "adapter-seq-r2-token").string(), "--output", (disk / "merged").string()})
          .wait();
  EXPECT_EQ(merge.code, 1);
  EXPECT_NE(merge.err.find("No space left on device"), std::string::npos) << merge.err;
  EXPECT_FALSE(fs::exists(disk / "merged"));
  ::mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT, "size=16m");
  scene.resumes(disk / "run");
  for (const auto& entry : fs::directory_iterator(disk)) EXPECT_EQ(entry.path().filename(), "run");
  ::mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=16m");
  const Result refused = Process(scene.root, training(disk / "other")).wait();
  EXPECT_EQ(refused.code, 1);
  EXPECT_NE(refused.err.find("Read-only file system"), std::string::npos) << refused.err;
  ::umount(disk.c_str());
}

TEST(Disk, AFolderThatIsRemovedUnderTheRunIsMadeAgain) {
  const Scene scene;
  const fs::path output = scene.root / "gone";
  Process process(scene.root, training(output) + Arguments{"--max-steps", "400", "--save-steps", "100"});
  ASSERT_TRUE(process.read_until([](const Result& r) { return r.out.find("step 20/") != std::string::npos; }));
  fs::rename(output, scene.root / "elsewhere");
  const Result result = process.wait();
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.err.find("the run's folder was removed; it is made again"), std::string::npos) << result.err;
  EXPECT_TRUE(fs::exists(output / "adapter_model.safetensors"));
  EXPECT_EQ(Process(scene.root, {"train", "--resume", output.string(), "--max-steps", "402"}).wait().code, 0);
}

// Whatever is there by then belongs to somebody else.
TEST(Disk, AFolderThatIsReplacedUnderTheRunIsLeftAlone) {
  const TemporaryFolder folder;
  const fs::path output = folder / "run";
  Process process(folder.path(),
                  training(output) + Arguments{"--max-steps", "100000", "--save-steps", "0", "--eval-steps", "100000"});
  ASSERT_TRUE(process.read_until([](const Result& r) { return r.out.find("step 20/") != std::string::npos; }));
  fs::rename(output, folder / "elsewhere");
  ASSERT_EQ(Process(folder.path(), training(output)).wait().code, 0);
  const auto theirs = content_of(output);
  process.kill(SIGTERM);
  const Result result = process.wait();
  EXPECT_EQ(result.code, 1) << result.err;
  EXPECT_NE(result.err.find("something else is there now"), std::string::npos) << result.err;
  expect_same(content_of(output), theirs);
}

TEST(Disk, AMergeIsWholeOrNothing) {
  const TemporaryFolder folder;
  const fs::path root = folder / "work", log = folder / "log";
  fs::create_directory(root);
  const auto merge = [&](const std::string& output) {
    return Arguments{"merge",
                     "--model",
                     (goldens_dir() / "seq").string(),
                     "--adapter",
                     (goldens_dir() / "adapter-seq-r2-token").string(),
                     "--max-shard-size",
                     "40K",
                     "--no-check",
                     "--threads",
                     "1",
                     "--output",
                     (root / output).string()};
  };
  ASSERT_EQ(Process(root, merge("reference"), with({}, root, log)).wait().code, 0);
  const auto expected = content_of(root / "reference");
  const auto operations = log_lines(log).size();
  std::mt19937 random(1);
  for (int i = 0; i < 4; ++i) {
    static const char* const kActions[] = {"fail:ENOSPC", "once:ENOSPC", "once:EIO", "once:EROFS"};
    const Fault fault{kActions[i % 4], 1 + static_cast<long>(random() % operations), 0};
    SCOPED_TRACE(fault.action + " at " + std::to_string(fault.at));
    const fs::path output = root / ("merged-" + std::to_string(i));
    const Result result = Process(root, merge(output.filename().string()), with(fault, root)).wait();
    EXPECT_EQ(result.code, 1);
    EXPECT_EQ(lines_of(result.err).size(), 1u) << result.err;
    if (fs::exists(output)) expect_same(content_of(output), expected);
    // With every later operation refused, the temporary cannot be removed either; the next try does.
    if (!fs::exists(output)) {
      EXPECT_EQ(Process(root, merge(output.filename().string())).wait().code, 0);
    }
    for (const auto& entry : fs::directory_iterator(root))
      EXPECT_EQ(entry.path().filename().string().find("aacft-tmp"), std::string::npos) << entry.path();
    expect_same(content_of(output), expected);
  }
}

// ---- two runs ----

TEST(Lock, OfTwoMergesIntoOneFolderOneSucceeds) {
  const TemporaryFolder folder;
  const Arguments merge = {"merge",
                           "--model",
                           (goldens_dir() / "seq").string(),
                           "--adapter",
                           (goldens_dir() / "adapter-seq-r2-token").string(),
                           "--output",
                           "out"};
  for (int i = 0; i < 3; ++i) {
    fs::remove_all(folder / "out");
    Process first(folder.path(), merge), second(folder.path(), merge);
    const Result one = first.wait(), other = second.wait();
    EXPECT_EQ(one.code + other.code, 1) << one.err << other.err;
    const Result& failed = one.code == 1 ? one : other;
    EXPECT_TRUE(failed.err.find("put there meanwhile") != std::string::npos ||
                failed.err.find("exists already") != std::string::npos)
        << failed.err;
    EXPECT_EQ(everything_in(folder.path()).size(), 1u + 5u);
  }
}

TEST(Lock, ASecondRunIsRefused) {
  const TemporaryFolder folder;
  const fs::path output = folder / "run";
  const Arguments arguments = training(output) + Arguments{"--max-steps", "100000", "--save-steps", "50"};
  Process first(folder.path(), arguments);
  ASSERT_TRUE(first.read_until([](const Result& r) { return r.out.find("step-00000050") != std::string::npos; }));
  for (const Arguments& second :
       {arguments, arguments + Arguments{"--overwrite"}, Arguments{"train", "--resume", output.string()}}) {
    const Result result = Process(folder.path(), second).wait();
    EXPECT_EQ(result.code, 1);
    EXPECT_NE(result.err.find("is being written by another aacft (process "), std::string::npos) << result.err;
  }
  // Killed, it leaves no lock behind.
  first.kill(SIGKILL);
  first.wait();
  const Result resumed = Process(folder.path(), {"train", "--resume", output.string(), "--max-steps", "60"}).wait();
  EXPECT_EQ(resumed.code, 0) << resumed.err;
}

// Before the first step there is nothing to save.
TEST(Signals, EndAtOnceWhileTheRunIsLoaded) {
  const TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder / "rows").c_str(), 0600), 0);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    Process process(
        folder.path(),
        training(folder / "run") + Arguments{"--data", (folder / "rows").string()});  // waits for the pipe to be filled
    std::this_thread::sleep_for(std::chrono::seconds(1));
    process.kill(signal);
    const Result result = process.wait();
    EXPECT_EQ(result.code, 128 + signal) << result.err;
    EXPECT_EQ(result.err, "");
    EXPECT_FALSE(fs::exists(folder / "run"));
  }
}

TEST(Signals, ASaveThatFailsSaysWhatIsSaved) {
  const TemporaryFolder folder;
  const fs::path output = folder / "run";
  Process process(folder.path(), training(output) + Arguments{"--max-steps", "100000", "--save-steps", "50",
                                                              "--save-total-limit", "0"});
  // Some steps past the checkpoint, or there would be nothing to save.
  ASSERT_TRUE(process.read_until([](const Result& r) { return r.out.find("step 60/") != std::string::npos; }));
  const rlimit full{100, 100};
  ASSERT_EQ(::prlimit(process.pid(), RLIMIT_FSIZE, &full, nullptr), 0);
  process.kill(SIGTERM);
  const Result result = process.wait();
  EXPECT_EQ(result.code, 1) << result.out;
  for (const char* part : {"could not be saved: cannot write", "File too large; step ",
                           "is saved; when that is mended, go on with: aacft train --resume "})
    EXPECT_NE(result.err.find(part), std::string::npos) << result.err;
  const Result resumed = Process(folder.path(), {"train", "--resume", output.string(), "--max-steps", "60"}).wait();
  EXPECT_EQ(resumed.code, 0) << resumed.err;
}

TEST(Signals, AMergeThatIsStoppedLeavesNothing) {
  const TemporaryFolder folder;
  ASSERT_EQ(
      Process(folder.path(), {"init", "--output", "big", "--layers", "16", "--hidden-size", "384", "--heads", "8"})
          .wait()
          .code,
      0);
  ASSERT_EQ(Process(folder.path(), {"train", "--model", "big", "--data", (goldens_dir() / "rows.jsonl").string(),
                                    "--output", "adapter", "--max-steps", "1", "--warmup", "0"})
                .wait()
                .code,
            0);
  Process process(folder.path(), {"merge", "--model", "big", "--adapter", "adapter", "--output", "out"});
  ASSERT_TRUE(process.read_until([&](const Result&) {
    for (const auto& entry : fs::directory_iterator(folder.path()))
      if (entry.path().filename().string().starts_with("out.aacft-tmp-")) return true;
    return false;
  }));
  process.kill(SIGINT);
  EXPECT_EQ(process.wait().code, 130);
  for (const auto& entry : fs::directory_iterator(folder.path()))
    EXPECT_FALSE(entry.path().filename().string().starts_with("out")) << entry.path();
}

TEST(Signals, GenerateEndsQuietlyWhereTheCallerIgnoresClosedPipes) {
  const TemporaryFolder folder;
  Process process(
      folder.path(),
      {"generate", "--model", (goldens_dir() / "seq").string(), "--data", (goldens_dir() / "rows.jsonl").string()},
      [] { ::signal(SIGPIPE, SIG_IGN); });
  ASSERT_TRUE(process.read_until([](const Result& r) { return !r.out.empty(); }));
  process.close_output();
  const Result result = process.wait();
  EXPECT_EQ(result.code, 128 + SIGPIPE);
  EXPECT_EQ(result.err, "");
}

TEST(Signals, ARunOutlivesTheReaderOfItsOutput) {
  const TemporaryFolder folder;
  const fs::path output = folder / "run";
  Process process(folder.path(), training(output) + Arguments{"--max-steps", "60"});
  ASSERT_TRUE(process.read_until([](const Result& r) { return r.out.find("step 1/") != std::string::npos; }));
  process.close_output();
  const Result result = process.wait();
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_TRUE(fs::exists(output / "adapter_model.safetensors"));
}

}  // namespace
}  // namespace aacft::testing
