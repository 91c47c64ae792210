// Too little memory ends with one clear message, before anything is written.
#include <sys/resource.h>

#include "cli/support.h"

namespace aacft::testing {
namespace {

std::function<void()> address_space(std::uint64_t bytes) {
  return [bytes] {
    const rlimit limit{bytes, bytes};
    ::setrlimit(RLIMIT_AS, &limit);
  };
}

Arguments training(const fs::path& output) {
  return {"train", "--model", (goldens_dir() / "seq").string(), "--data", (goldens_dir() / "rows.jsonl").string(), "--output", output.string(),
          "--max-steps", "1", "--warmup", "0", "--threads", "1"};
}

TEST(Memory, AnyLimitOfTheAddressSpaceEndsCleanly) {
  const TemporaryFolder folder;
  int refused = 0, finished = 0;
  for (std::uint64_t megabytes = 820; megabytes < 6000 && finished == 0; megabytes += 60) {
    SCOPED_TRACE(std::to_string(megabytes) + " MB");
    const fs::path output = folder / std::to_string(megabytes);
    const Result result = Process(folder.path(), training(output), address_space(megabytes << 20)).wait();
    if (result.code == 0) {
      ++finished;
      EXPECT_TRUE(fs::exists(output / "adapter_model.safetensors"));
      continue;
    }
    EXPECT_FALSE(fs::exists(output / "adapter_model.safetensors"));
    // Too little for the libraries to start: they say so, before main.
    if (refused == 0 && result.err.find("aacft: ") == std::string::npos) continue;
    EXPECT_EQ(result.code, 1) << result.err;
    EXPECT_NE(result.err.find("memory"), std::string::npos) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    ++refused;
  }
  EXPECT_EQ(finished, 1);
  EXPECT_GT(refused, 0);
}

TEST(Memory, ARunThatCannotFitSaysWhatWould) {
  const TemporaryFolder folder;
  const std::string model = (folder / "model").string();
  ASSERT_EQ(Process(folder.path(), {"init", "--shape", "pythia-70m", "--dtype", "fp16", "--tokenizer", (goldens_dir() / "seq/tokenizer.json").string(), "--output", model}).wait().code, 0);
  Arguments arguments = training(folder / "run");
  arguments[2] = model;
  // What the machine has cannot be changed here; the address space can.
  std::string message;
  for (std::uint64_t megabytes = 820; megabytes < 6000; megabytes += 40) {
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
