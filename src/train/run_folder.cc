#include "aacft/train/run_folder.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <set>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/formats/json.h"
#include "aacft/tokenizer/tokenizer.h"

namespace aacft {
namespace {

using nlohmann::json;

constexpr int kFolderVersion = 1;
constexpr int kStateVersion = 2;  // 2: RunState::skipped
constexpr const char* kMarker = "aacft-run.json";

void remove_everything(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) throw Error("cannot remove ", path, ": ", error.message());
}

void remove_run(const fs::path& folder) {
  for (const char* name : {"checkpoints", "best", "metrics.jsonl", "samples.jsonl", "report.html", "config.toml",
                           "adapter_model.safetensors", "adapter_config.json", "model.safetensors", "config.json",
                           "generation_config.json"})
    remove_everything(folder / name);
  for (const fs::path& file : tokenizer_files(folder)) remove_everything(file);
}

}  // namespace

json to_json(const RunState& state) {
  return {{"version", kStateVersion},     {"step", state.step},
          {"skipped", state.skipped},     {"data_fingerprint", state.data_fingerprint},
          {"tokens", state.tokens},       {"best_loss", state.best_loss ? json(*state.best_loss) : json(nullptr)},
          {"best_step", state.best_step}, {"evaluations_since_best", state.evaluations_since_best}};
}

RunState read_run_state(const fs::path& file) {
  const json object = read_json_object(file);
  const auto wrong = [&](auto&&... what) { return Error(file, ": not the state of a run: ", what...); };
  const auto field = [&](const char* key) -> const json& {
    if (!object.contains(key)) throw wrong("\"", key, "\" is missing");
    return object.at(key);
  };
  // A conversion would round 1.5 and make anything of 1e300.
  const auto count = [&](const char* key) {
    const json& value = field(key);
    if (!value.is_number_integer() || value < 0 || value > std::numeric_limits<std::int64_t>::max())
      throw wrong("\"", key, "\" must be a count, not ", value.dump());
    return value.get<std::int64_t>();
  };
  const json& version = field("version");
  if (!version.is_number_integer() || version < 1 || version > kStateVersion)
    throw Error(file, ": state of version ", version.dump(), "; this aacft reads versions 1 to ", kStateVersion,
                ", so go on with the aacft that wrote it or a newer one");
  RunState state;
  state.step = count("step");
  if (version >= 2) state.skipped = count("skipped");
  if (!field("data_fingerprint").is_number_unsigned()) throw wrong("\"data_fingerprint\" must be a whole number");
  state.data_fingerprint = object.at("data_fingerprint").get<std::uint64_t>();
  state.tokens = static_cast<std::uint64_t>(count("tokens"));
  if (!field("best_loss").is_null()) {
    if (!object.at("best_loss").is_number()) throw wrong("\"best_loss\" must be a number");
    state.best_loss = object.at("best_loss").get<double>();
  }
  state.best_step = count("best_step");
  state.evaluations_since_best = count("evaluations_since_best");
  if (state.skipped > state.step || state.best_step > state.step || state.evaluations_since_best > state.step)
    throw wrong("its steps cannot be");
  return state;
}

RunFolder::RunFolder(fs::path path, bool resume, bool overwrite)
    : path_(std::move(path)), resume_(resume), overwrite_(overwrite) {
  if (fs::is_directory(path_)) lock_ = std::make_unique<FolderLock>(path_);
  check();
}

void RunFolder::check() const {
  const bool ours = fs::exists(path_ / kMarker);
  if (fs::exists(path_) && !fs::is_directory(path_)) throw Error(path_, " is a file; --output needs a folder");
  if (resume_) {
    if (!ours) throw Error("nothing to resume: ", path_, " does not hold a run");
    if (!begun())
      throw Error("nothing to resume: the run in ", path_,
                  " was cut short before it began; start it again with its options");
    const json marker = read_json_object(path_ / kMarker);
    const auto version = marker.find("version");
    if (version == marker.end() || !version->is_number_integer() || *version < 1 || *version > kFolderVersion)
      throw Error(path_ / kMarker, ": a run folder of ",
                  version == marker.end() ? "no version" : "version " + version->dump(),
                  "; this aacft knows versions up to ", kFolderVersion,
                  ", so go on with the aacft that wrote it or a newer one");
  } else if (ours) {
    if (!overwrite_ && has_saved())
      throw Error(path_,
                  " holds a run already; --resume continues it, --overwrite replaces it, or choose another --output");
  } else if (fs::exists(path_)) {
    for (const auto& entry : fs::directory_iterator(path_))
      if (!is_temporary(entry.path())) throw Error(path_, " exists and holds other files; choose another --output");
  }
}

// False while what was there before is being removed.
bool RunFolder::begun() const {
  const json marker = read_json_object(path_ / kMarker);
  const auto value = marker.find("begun");
  return value == marker.end() || *value != false;
}

// A run that was killed before that leaves nothing to protect.
bool RunFolder::has_saved() const {
  if (!begun()) return false;
  for (const char* result : {"adapter_model.safetensors", "model.safetensors"})
    if (fs::exists(path_ / result)) return true;
  return !checkpoints().empty();
}

void RunFolder::begin(const std::string& config, const json& info) {
  config_ = config;
  info_ = info;
  make_folders(path_);
  if (!lock_) {
    lock_ = std::make_unique<FolderLock>(path_);
    check();  // another run may have come and gone since
  }
  if (!resume_) {
    mark(false);
    remove_run(path_);
  }
  remove_stale_temporaries(path_);
  make_folders(path_ / "checkpoints");
  remove_stale_temporaries(path_ / "checkpoints");
  remove_half_checkpoints();
  if (!resume_) write_config();
}

// Before anything else is written: without it, the rest would be somebody else's files.
void RunFolder::mark(bool begun) const {
  json marker = {{"format", "aacft run"}, {"version", kFolderVersion}};
  if (begun) {
    marker["run"] = info_;
  } else {
    marker["begun"] = false;
  }
  write_file_atomic(path_ / kMarker, marker.dump() + "\n");
}

void RunFolder::write_config() const {
  write_file_atomic(path_ / "config.toml", config_);
  mark(true);
}

bool RunFolder::restore() {
  const bool moved = !is_ours();
  if (!moved && fs::exists(path_ / kMarker)) return false;
  if (moved) {
    make_folders(path_);
    auto lock = std::make_unique<FolderLock>(path_);
    if (!fs::is_empty(path_))
      throw Error(path_, " was removed while this run was writing to it, and something else is there now");
    lock_ = std::move(lock);
  }
  write_config();
  metrics_.reset();  // it was in the other one
  return true;
}

fs::path RunFolder::checkpoint(std::int64_t step) const {
  char name[32];
  std::snprintf(name, sizeof name, "step-%08lld", static_cast<long long>(step));
  return path_ / "checkpoints" / name;
}

std::vector<std::int64_t> RunFolder::steps(bool whole) const {
  std::vector<std::int64_t> steps;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(path_ / "checkpoints", missing)) {
    long long step = 0;
    int used = 0;
    const std::string name = entry.path().filename().string();
    if (std::sscanf(name.c_str(), "step-%8lld%n", &step, &used) == 1 && used == static_cast<int>(name.size()) &&
        fs::exists(entry.path() / "state.json") == whole)
      steps.push_back(step);
  }
  std::sort(steps.rbegin(), steps.rend());
  return steps;
}

void RunFolder::prune(std::int64_t limit) const {
  const auto whole = checkpoints();
  // The state goes first: without it the rest is no checkpoint any more.
  for (std::size_t i = static_cast<std::size_t>(limit); limit > 0 && i < whole.size(); ++i)
    remove_everything(checkpoint(whole[i]) / "state.json");
  remove_half_checkpoints();
}

// What was being removed when a run was killed, too.
void RunFolder::remove_half_checkpoints() const {
  for (const std::int64_t step : steps(false)) remove_everything(checkpoint(step));
}

std::int64_t RunFolder::open_metrics(std::int64_t steps_done) {
  const fs::path file = path_ / "metrics.jsonl";
  std::string kept;
  std::set<std::int64_t> steps;
  if (steps_done > 0 && fs::exists(file))
    read_json_lines(
        read_file(file),
        [&](std::size_t, const json& line) {
          const auto step = line.find("step");
          if (step != line.end() && step->is_number_integer() && *step >= 1 && *step <= steps_done &&
              steps.insert(step->get<std::int64_t>()).second)
            kept += line.dump() + "\n";
        },
        [](std::size_t, const std::string&) {});  // the torn last line of an interrupted run
  write_file_atomic(file, kept);
  metrics_.emplace(file);
  return static_cast<std::int64_t>(steps.size());
}

void RunFolder::append_metrics(const json& line) {
  if (!metrics_) metrics_.emplace(path_ / "metrics.jsonl");
  metrics_->write(line.dump() + "\n");
}

void RunFolder::sync_metrics() {
  if (metrics_) metrics_->sync();
}

}  // namespace aacft
