// Too little memory ends with one clear message, before anything is written.
#include <sys/resource.h>

#include <optional>

#include "aacft/base/sanitizers.h"
#include "cli/support.h"

namespace aacft::testing {
namespace {

std::function<void()> address_space(std::uint64_t bytes) {
  return [bytes] {
    const rlimit limit{bytes, bytes};
    ::setrlimit(RLIMIT_AS, &limit);
  };
}

// A control group of one's own, which root may make on most machines.
class ControlGroup {
 public:
  static std::optional<ControlGroup> with_memory(std::uint64_t bytes) {
    for (const auto& [root, limit] :
         {std::pair{"/sys/fs/cgroup/memory", "memory.limit_in_bytes"}, {"/sys/fs/cgroup", "memory.max"}}) {
      const fs::path folder = fs::path(root) / ("aacft-test-" + std::to_string(::getpid()));
      if (::mkdir(folder.c_str(), 0755) != 0) continue;
      std::ofstream(folder / limit) << bytes << std::flush;
      std::uint64_t set = 0;
      if (std::ifstream(folder / limit) >> set && set == bytes) return ControlGroup(folder);
      ::rmdir(folder.c_str());
    }
    return std::nullopt;
  }
  ControlGroup(ControlGroup&& other) : folder_(std::exchange(other.folder_, {})) {}
  ~ControlGroup() {
    if (!folder_.empty()) ::rmdir(folder_.c_str());
  }

  // In the child, before it starts the program.
  std::function<void()> join() const {
    return [file = folder_ / "cgroup.procs"] { std::ofstream(file) << ::getpid() << std::flush; };
  }

 private:
  explicit ControlGroup(fs::path folder) : folder_(std::move(folder)) {}
  fs::path folder_;
};

Arguments training(const fs::path& output) {
  return {"train",
          "--model",
          (goldens_dir() / "seq").string(),
          "--data",
          (goldens_dir() / "rows.jsonl").string(),
          "--output",
          output.string(),
          "--max-steps",
          "1",
          "--warmup",
          "0",
          "--threads",
          "1"};
}

// Whether a program that was started with loader_log(log) came as far as its own code: its libraries allocate while
// they are loaded, how much changes from start to start, and abort where that fails.
bool came_to_main(const fs::path& log, const Result& result) {
  for (const auto& entry : fs::directory_iterator(log.parent_path()))
    if (entry.path().stem() == log.filename() &&
        read_text(entry.path()).find("transferring control") != std::string::npos)
      return true;
  return result.code <= 1;  // a loader that writes no log
}

std::function<void()> loader_log(const fs::path& log) {
  return [log] {
    ::setenv("LD_DEBUG", "libs", 1);
    ::setenv("LD_DEBUG_OUTPUT", log.c_str(), 1);
  };
}

constexpr const char* kSanitizersMemory = "the sanitizer reserves terabytes of addresses, and needs memory of its own";

TEST(Memory, AnyLimitOfTheAddressSpaceEndsCleanly) {
  if (kAddressSanitizer) GTEST_SKIP() << kSanitizersMemory;
  const TemporaryFolder folder;
  int refused = 0, finished = 0;
  for (std::uint64_t megabytes = 520; megabytes < 6000 && finished == 0; megabytes += 60) {
    SCOPED_TRACE(std::to_string(megabytes) + " MB");
    const fs::path output = folder / std::to_string(megabytes), log = folder / ("loader-" + std::to_string(megabytes));
    const Result result = Process(folder.path(), training(output), [&, limit = address_space(megabytes << 20)] {
                            loader_log(log)();
                            limit();
                          }).wait();
    if (!came_to_main(log, result)) continue;
    if (result.code == 0) {
      ++finished;
      EXPECT_TRUE(fs::exists(output / "adapter_model.safetensors"));
      continue;
    }
    EXPECT_FALSE(fs::exists(output / "adapter_model.safetensors"));
    EXPECT_EQ(result.code, 1) << result.err;
    EXPECT_NE(result.err.find("memory"), std::string::npos) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    ++refused;
  }
  EXPECT_EQ(finished, 1);
  EXPECT_GT(refused, 0);
}

TEST(Memory, AControlGroupCounts) {
  if (kAddressSanitizer) GTEST_SKIP() << kSanitizersMemory;
  const auto group = ControlGroup::with_memory(std::uint64_t{64} << 20);
  if (!group) GTEST_SKIP() << "no control group can be made here";
  const TemporaryFolder folder;
  const nlohmann::json machine =
      nlohmann::json::parse(Process(folder.path(), {"info", "--json"}, group->join()).wait().out);
  EXPECT_LE(machine.at("available_memory_bytes"), std::uint64_t{64} << 20);

  const std::string model = (folder / "model").string();
  ASSERT_EQ(Process(folder.path(), {"init", "--shape", "pythia-70m", "--dtype", "fp16", "--tokenizer",
                                    (goldens_dir() / "seq/tokenizer.json").string(), "--output", model})
                .wait()
                .code,
            0);
  Arguments arguments = training(folder / "run");
  arguments[2] = model;
  const Result result = Process(folder.path(), arguments, group->join()).wait();
  EXPECT_EQ(result.code, 1);
  EXPECT_NE(result.err.find("there is not enough memory for this run: it needs "), std::string::npos) << result.err;
  EXPECT_FALSE(fs::exists(folder / "run"));
}

TEST(Memory, ARunThatCannotFitSaysWhatWould) {
  if (kAddressSanitizer) GTEST_SKIP() << kSanitizersMemory;
  const TemporaryFolder folder;
  const std::string model = (folder / "model").string();
  ASSERT_EQ(Process(folder.path(), {"init", "--shape", "pythia-70m", "--dtype", "fp16", "--tokenizer",
                                    (goldens_dir() / "seq/tokenizer.json").string(), "--output", model})
                .wait()
                .code,
            0);
  Arguments arguments = training(folder / "run");
  arguments[2] = model;
  // What the machine has cannot be changed here; the address space can.
  std::string message;
  for (std::uint64_t megabytes = 520; megabytes < 6000; megabytes += 40) {
    const fs::path output = folder / std::to_string(megabytes);
    arguments[6] = output.string();
    const Result result = Process(folder.path(), arguments, address_space(megabytes << 20)).wait();
    if (result.err.find("it fits with") == std::string::npos) {
      if (result.code == 0) break;
      continue;
    }
    message = result.err;
    EXPECT_EQ(result.code, 1);
    EXPECT_FALSE(fs::exists(output));
    break;
  }
  EXPECT_NE(message.find("there is not enough memory for this run: it needs "), std::string::npos) << message;
  EXPECT_NE(message.find("--base-weights nf4 ("), std::string::npos) << message;
}

}  // namespace
}  // namespace aacft::testing
