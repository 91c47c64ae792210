// Running the program with faults.cc between it and the disk.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
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

// A tiny run that does all that runs do with files: 6 steps, three checkpoints of which two stay, evaluations, the best
// (after step 2: a best that is lost is not made again by the steps after it).
inline Arguments training(const fs::path& output) {
  return {"train",
          "--model",
          (goldens_dir() / "seq").string(),
          "--data",
          (goldens_dir() / "rows.jsonl").string(),
          "--output",
          output.string(),
          "--max-steps",
          "6",
          "--warmup",
          "0",
          "--micro-batch",
          "2",
          "--accumulation",
          "1",
          "--save-steps",
          "2",
          "--save-total-limit",
          "2",
          "--eval-split",
          "0.05",
          "--eval-steps",
          "1",
          "--keep-best",
          "--lr",
          "0.1",
          "--threads",
          "1"};
}

// What a user would type next: the run goes on if there is one, else it starts again.
inline Arguments training_or_resuming(const fs::path& output, const Arguments& more = {}) {
  const bool begun =
      fs::exists(output / "config.toml") && read_text(output / "aacft-run.json").find("false") == std::string::npos;
  return begun ? Arguments{"train", "--resume", output.string()} : training(output) + more;
}

// Every file below a folder but metrics.jsonl, whose lines come without what the clock decides.
inline std::map<std::string, std::string> content_of(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const std::string name = fs::relative(entry.path(), folder).string();
    if (entry.path().filename() == "metrics.jsonl") {
      for (const std::string& text : lines_of(read_text(entry.path()))) {
        nlohmann::json line = nlohmann::json::parse(text, nullptr, false);
        if (line.is_discarded()) continue;  // torn: a run that goes on writes it again
        for (const char* key :
             {"tokens_per_second", "seconds", "rss_bytes", "peak_rss_bytes", "cpu_percent", "communication_seconds"})
          line.erase(key);
        files[name] += line.dump() + "\n";
      }
    } else if (entry.path().filename() != "config.toml") {  // which names the output
      files[name] = read_text(entry.path());
    }
  }
  return files;
}

inline void expect_same(const std::map<std::string, std::string>& files,
                        const std::map<std::string, std::string>& expected) {
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

// Every file is whole that goes by its final name; a checkpoint or result is the one it should be.
inline void expect_whole_files(const fs::path& folder, const std::map<std::string, std::string>& expected) {
  if (!fs::exists(folder)) return;
  for (const auto& [name, content] : content_of(folder)) {
    const fs::path path = name;
    const bool half_made = name.find(".aacft-tmp-") != name.npos,
               half_removed =
                   name.starts_with("checkpoints") && !fs::exists(folder / path.parent_path() / "state.json");
    if (half_made || half_removed) continue;
    if (path.extension() == ".json") {
      EXPECT_TRUE(nlohmann::json::accept(content)) << name;
    }
    if (path.extension() == ".safetensors") {
      std::uint64_t header = 0, end = 0;
      ASSERT_GE(content.size(), sizeof header) << name;
      std::memcpy(&header, content.data(), sizeof header);
      ASSERT_GE(content.size() - sizeof header, header) << name;
      const nlohmann::json tensors = nlohmann::json::parse(content.substr(sizeof header, header));
      for (const auto& [key, tensor] : tensors.items())
        if (key != "__metadata__") end = std::max(end, tensor.at("data_offsets").at(1).get<std::uint64_t>());
      EXPECT_EQ(content.size(), sizeof header + header + end) << name;
    }
    const auto found = expected.find(name);
    if (found != expected.end() && (name.starts_with("checkpoints") || !path.has_parent_path()) &&
        name != "metrics.jsonl" && name != "aacft-run.json") {
      EXPECT_TRUE(content == found->second) << name << " differs";
    }
  }
}

// The step of the newest checkpoint; 0: none.
inline long newest_checkpoint(const fs::path& folder) {
  long newest = 0;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder / "checkpoints", none)) {
    const std::string name = entry.path().filename().string();
    if (name.size() == std::strlen("step-00000000") && fs::exists(entry.path() / "state.json"))
      newest = std::max(newest, std::atol(name.c_str() + 5));
  }
  return newest;
}

// The last step that the program says to have saved.
inline long reported_as_saved(const Result& result) {
  const std::size_t at = result.out.rfind(": saved "), line = result.out.rfind('\n', at) + 1;
  return at == result.out.npos ? 0 : std::atol(result.out.c_str() + line + std::strlen("step "));
}

inline std::vector<std::string> log_lines(const fs::path& log) { return lines_of(read_text(log)); }

}  // namespace aacft::testing
