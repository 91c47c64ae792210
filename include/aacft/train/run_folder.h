// The folder that a run writes:
//   aacft-run.json      says that the folder is ours, and its format
//   config.toml         every option of the run, resolved
//   metrics.jsonl       one object a step
//   checkpoints/step-00000050/   adapter (or weights.safetensors), optimizer.safetensors, state.json
//   best/               the adapter with the lowest evaluation loss so far
//   adapter_config.json, adapter_model.safetensors (or a whole model)   the result, once the run is finished
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace aacft {

// What a checkpoint must say beside weights and moments. Everything random is a function of seed and step (law 1).
struct RunState {
  std::int64_t step = 0;              // updates done
  std::uint64_t data_fingerprint = 0;  // of the rows, and of what decides their order
  std::uint64_t tokens = 0;           // that counted so far
  std::optional<double> best_loss;    // lowest evaluation loss
  std::int64_t best_step = 0, evaluations_since_best = 0;
};

nlohmann::json to_json(const RunState& state);
RunState read_run_state(const std::filesystem::path& file);  // Error for another version or a broken file

class RunFolder {
 public:
  // Checks, and writes nothing: Error when `path` holds something that is not ours, when a run is there already and
  // neither resume nor overwrite was asked for, or when there is nothing to resume.
  RunFolder(std::filesystem::path path, bool resume, bool overwrite);

  // Creates the folder; a run to overwrite is removed.
  void begin();

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path best() const { return path_ / "best"; }
  std::filesystem::path checkpoint(std::int64_t step) const;

  void write_config(const std::string& toml) const;

  // Newest first.
  std::vector<std::int64_t> checkpoints() const;
  // Removes all but the newest `limit` (0: keeps all).
  void prune(std::int64_t limit) const;

  // Starts metrics.jsonl after the lines of the first `steps_done` steps.
  void open_metrics(std::int64_t steps_done);
  void append_metrics(const nlohmann::json& line);

 private:
  std::filesystem::path path_;
  bool overwrite_;
  std::ofstream metrics_;
};

}  // namespace aacft
