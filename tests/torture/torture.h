// Running the program with faults.cc between it and the disk.
#pragma once

#include <cstdlib>
#include <map>
#include <random>

#include "aacft_faults.h"
#include "cli/support.h"

namespace aacft::testing {

struct Fault {
  std::string action;  // "": none
  long at = 0;
  unsigned seed = 0;
};

// `root` is watched; its folder gets faults.cc's own files.
inline std::function<void()> with(const Fault& fault, const fs::path& root, const fs::path& log = {}) {
  return [=] {
    ::setenv("LD_PRELOAD", AACFT_FAULTS, 1);
    ::setenv("FAULTS_ROOT", root.c_str(), 1);
    ::setenv("FAULTS_ACTION", fault.action.c_str(), 1);
    ::setenv("FAULTS_AT", std::to_string(fault.at).c_str(), 1);
    ::setenv("FAULTS_SEED", std::to_string(fault.seed).c_str(), 1);
    ::setenv("FAULTS_LOG", log.c_str(), 1);
  };
}

// A tiny run that does all that runs do with files: 6 steps, three checkpoints of which two stay, evaluations, the best.
inline Arguments training(const fs::path& output) {
  return {"train", "--model", (goldens_dir() / "seq").string(), "--data", (goldens_dir() / "rows.jsonl").string(), "--output", output.string(),
          "--max-steps", "6", "--warmup", "0", "--micro-batch", "2", "--accumulation", "1", "--save-steps", "2", "--save-total-limit", "2",
          "--eval-split", "0.05", "--eval-steps", "1", "--keep-best", "--lr", "0.02", "--threads", "1"};
}

// What a user would type next: the run goes on if there is one, else it starts again.
inline Arguments training_or_resuming(const fs::path& output, const Arguments& more = {}) {
  const bool begun = fs::exists(output / "config.toml") && read_text(output / "aacft-run.json").find("false") == std::string::npos;
  return begun ? Arguments{"train", "--resume", output.string()} : training(output) + more;
}

// Every file below a folder but metrics.jsonl, whose lines come without what the clock decides.
inline std::map<std::string, std::string> content_of(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const std::string name = fs::relative(entry.path(), folder).string();
    if (name == "metrics.jsonl") {
      for (nlohmann::json line : json_lines(read_text(entry.path()))) {
        for (const char* key : {"tokens_per_second", "seconds", "rss_bytes", "peak_rss_bytes", "cpu_percent"}) line.erase(key);
        files[name] += line.dump() + "\n";
      }
    } else if (name != "config.toml") {  // which names the output
      files[name] = read_text(entry.path());
    }
  }
  return files;
}

inline void expect_same(const std::map<std::string, std::string>& files, const std::map<std::string, std::string>& expected) {
  for (const auto& [name, content] : expected) {
    const auto found = files.find(name);
    if (found == files.end()) {
      ADD_FAILURE() << name << " is missing";
    } else {
      EXPECT_TRUE(found->second == content) << name << " differs";
    }
  }
  for (const auto& [name, content] : files) EXPECT_TRUE(expected.count(name) == 1) << name << " is left over";
}

inline std::vector<std::string> log_lines(const fs::path& log) { return lines_of(read_text(log)); }

}  // namespace aacft::testing
