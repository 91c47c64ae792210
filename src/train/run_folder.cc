#include "aacft/train/run_folder.h"

#include <algorithm>
#include <cstdio>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/formats/json.h"
#include "aacft/tokenizer/tokenizer.h"

namespace aacft {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;
constexpr const char* kMarker = "aacft-run.json";

void remove_run(const fs::path& folder) {
  const auto remove = [](const fs::path& path) {
    std::error_code error;
    fs::remove_all(path, error);
    if (error) throw Error("cannot remove ", path, ": ", error.message());
  };
  for (const char* name : {"checkpoints", "best", "metrics.jsonl", "config.toml", "adapter_model.safetensors", "adapter_config.json",
                           "model.safetensors", "config.json", "generation_config.json"})
    remove(folder / name);
  for (const fs::path& file : tokenizer_files(folder)) remove(file);
  remove(folder / kMarker);
}

}  // namespace

json to_json(const RunState& state) {
  return {{"version", kVersion},
          {"step", state.step},
          {"data_fingerprint", state.data_fingerprint},
          {"tokens", state.tokens},
          {"best_loss", state.best_loss ? json(*state.best_loss) : json(nullptr)},
          {"best_step", state.best_step},
          {"evaluations_since_best", state.evaluations_since_best}};
}

RunState read_run_state(const fs::path& file) {
  const json object = read_json_object(file);
  try {
    if (object.at("version").get<int>() != kVersion)
      throw Error(file, ": state of version ", object.at("version").dump(), "; this aacft reads version ", kVersion);
    RunState state;
    state.step = object.at("step").get<std::int64_t>();
    state.data_fingerprint = object.at("data_fingerprint").get<std::uint64_t>();
    state.tokens = object.at("tokens").get<std::uint64_t>();
    if (!object.at("best_loss").is_null()) state.best_loss = object.at("best_loss").get<double>();
    state.best_step = object.at("best_step").get<std::int64_t>();
    state.evaluations_since_best = object.at("evaluations_since_best").get<std::int64_t>();
    return state;
  } catch (const json::exception& error) {
    throw Error(file, ": not the state of a run: ", error.what());
  }
}

RunFolder::RunFolder(fs::path path, bool resume, bool overwrite) : path_(std::move(path)), overwrite_(overwrite && !resume) {
  const bool ours = fs::exists(path_ / kMarker);
  if (fs::exists(path_) && !fs::is_directory(path_)) throw Error(path_, " is a file; --output needs a folder");
  if (resume) {
    if (!ours) throw Error("nothing to resume: ", path_, " does not hold a run");
  } else if (fs::exists(path_) && !fs::is_empty(path_)) {
    if (!ours) throw Error(path_, " exists and holds other files; choose another --output");
    if (!overwrite)
      throw Error(path_, " holds a run already; --resume continues it, --overwrite replaces it, or choose another --output");
  }
}

void RunFolder::begin() {
  if (overwrite_) remove_run(path_);
  make_folders(path_ / "checkpoints");
  write_file_atomic(path_ / kMarker, json{{"format", "aacft run"}, {"version", kVersion}}.dump() + "\n");
  remove_stale_temporaries(path_);
  remove_stale_temporaries(path_ / "checkpoints");
}

fs::path RunFolder::checkpoint(std::int64_t step) const {
  char name[32];
  std::snprintf(name, sizeof name, "step-%08lld", static_cast<long long>(step));
  return path_ / "checkpoints" / name;
}

void RunFolder::write_config(const std::string& toml) const { write_file_atomic(path_ / "config.toml", toml); }

std::vector<std::int64_t> RunFolder::checkpoints() const {
  std::vector<std::int64_t> steps;
  for (const auto& entry : fs::directory_iterator(path_ / "checkpoints")) {
    long long step = 0;
    int used = 0;
    const std::string name = entry.path().filename().string();
    if (std::sscanf(name.c_str(), "step-%8lld%n", &step, &used) == 1 && used == static_cast<int>(name.size()) &&
        fs::exists(entry.path() / "state.json"))
      steps.push_back(step);
  }
  std::sort(steps.rbegin(), steps.rend());
  return steps;
}

void RunFolder::prune(std::int64_t limit) const {
  const auto steps = checkpoints();
  for (std::size_t i = static_cast<std::size_t>(limit); limit > 0 && i < steps.size(); ++i) {
    std::error_code ignored;
    // The state goes first: without it the rest is no checkpoint any more.
    fs::remove(checkpoint(steps[i]) / "state.json", ignored);
    fs::remove_all(checkpoint(steps[i]), ignored);
  }
}

void RunFolder::open_metrics(std::int64_t steps_done) {
  const fs::path file = path_ / "metrics.jsonl";
  std::string kept;
  if (steps_done > 0 && fs::exists(file))
    read_json_lines(
        read_file(file),
        [&](std::size_t, const json& line) {
          const auto step = line.find("step");
          if (step != line.end() && step->is_number_integer() && step->get<std::int64_t>() <= steps_done) kept += line.dump() + "\n";
        },
        [](std::size_t, const std::string&) {});  // the torn last line of an interrupted run
  write_file_atomic(file, kept);
  metrics_.open(file, std::ios::app);
}

void RunFolder::append_metrics(const json& line) {
  if (!(metrics_ << line.dump() << std::endl))
    throw Error("cannot write ", path_ / "metrics.jsonl", "; is the disk full? aacft train --resume goes on from the last checkpoint");
}

}  // namespace aacft
