// The folder that a run writes:
//   aacft-run.json      says that the folder is ours, its format, whether a run has begun, and how large it is
//   config.toml         every option of the run, resolved
//   metrics.jsonl       one object a step
//   report.html, samples.jsonl   with --report: a page about the run, and the answers that it shows
//   checkpoints/step-00000050/   adapter (or weights.safetensors), optimizer.safetensors, state.json
//   best/               the adapter with the lowest evaluation loss so far
//   adapter_config.json, adapter_model.safetensors (or a whole model)   the result, once the run is finished
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "aacft/base/file.h"

namespace aacft {

// What a checkpoint must say beside weights and moments. Everything random is a function of seed and step (law 1).
struct RunState {
  std::int64_t step = 0;               // steps done
  std::int64_t skipped = 0;            // of them, left out by --on-nan skip
  std::uint64_t data_fingerprint = 0;  // of the samples, and of what decides their order
  std::uint64_t tokens = 0;            // that counted so far
  std::optional<double> best_loss;     // lowest evaluation loss
  std::int64_t best_step = 0, evaluations_since_best = 0;

  std::int64_t updates() const { return step - skipped; }
};

nlohmann::json to_json(const RunState& state);
RunState read_run_state(const std::filesystem::path& file);  // of this version or an older one; else Error

class RunFolder {
 public:
  // Checks, and writes nothing: Error when another process writes there, when `path` holds something that is not ours,
  // when a run that has saved something is there already and neither resume nor overwrite was asked for, or when there
  // is nothing to resume.
  RunFolder(std::filesystem::path path, bool resume, bool overwrite);

  // Creates the folder, and keeps others out of it from now on. A new run replaces what was there, in one instant: from
  // then on it is a run that has saved nothing yet, which needs no --overwrite to be started again.
  // `info` goes into aacft-run.json.
  void begin(const std::string& config, const nlohmann::json& info);
  void write_config() const;  // and the marker, of a run that goes on; begin() wrote a new one's
  // Creates it again, where somebody removed it since. True if so. Error where another run is there by now.
  bool restore();
  bool is_ours() const { return lock_ && lock_->holds(path_); }  // still

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path best() const { return path_ / "best"; }
  std::filesystem::path checkpoint(std::int64_t step) const;

  // Newest first.
  std::vector<std::int64_t> checkpoints() const { return steps(true); }
  // Removes all but the newest `limit` (0: keeps all). Error where something cannot be removed.
  void prune(std::int64_t limit) const;

  // Starts metrics.jsonl after the lines of the first `steps_done` steps; how many of these are there.
  std::int64_t open_metrics(std::int64_t steps_done);
  void append_metrics(const nlohmann::json& line);
  void sync_metrics();

 private:
  std::vector<std::int64_t> steps(bool whole) const;
  void check() const;
  void mark(bool begun) const;
  bool begun() const;
  bool has_saved() const;
  void remove_half_checkpoints() const;

  std::filesystem::path path_;
  bool resume_, overwrite_;
  std::string config_;
  nlohmann::json info_;
  std::unique_ptr<FolderLock> lock_;
  std::optional<AppendFile> metrics_;
};

}  // namespace aacft
