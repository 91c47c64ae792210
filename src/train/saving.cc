#include "train/saving.h"

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/train/run_records.h"

namespace aacft {

Saver::Saver(const TrainOptions& options, const TrainEvents& events, RunFolder* folder, TrainedModel& trained,
             RunState& state)
    : options_(options), events_(events), folder_(folder), trained_(trained), state_(state) {}

void Saver::warn(const std::string& message) const {
  if (events_.warning) events_.warning(message);
}

void Saver::begin(const RunInfo& info) {
  if (folder_ == nullptr) return;
  folder_->begin(options_.resolved_config, to_json(info));
  if (!options_.resume) return;
  const auto steps = folder_->checkpoints();
  if (steps.empty()) return warn("no checkpoint was saved yet; the run starts from the beginning");
  resumed_ = folder_->checkpoint(steps.front());
  const RunState saved = read_run_state(resumed_ / "state.json");
  if (saved.step != steps.front())
    throw Error(resumed_ / "state.json", ": the step is ", saved.step,
                ", which does not go with the folder's name; remove this checkpoint to go on from the one before");
  if (saved.data_fingerprint != state_.data_fingerprint)
    throw Error("the rows in ", options_.data,
                ", or --seed, --micro-batch, --accumulation or --shuffle, are not those that ", folder_->path(),
                " was started with; resume with the same data and options");
  state_ = saved;
}

void Saver::resume() {
  if (folder_ == nullptr) return;
  if (!resumed_.empty()) {
    trained_.read(resumed_);
    trained_.optimizer().load(resumed_ / "optimizer.safetensors", state_.updates());
  }
  if (options_.resume) folder_->write_config();
  if (const std::int64_t lines = folder_->open_metrics(state_.step); lines < state_.step)
    warn("metrics.jsonl has lines of " + std::to_string(lines) + " of the " + std::to_string(state_.step) +
         " steps so far; the others are lost");
}

void Saver::record(const StepReport& step, const std::optional<EvalReport>& evaluation) {
  set_recorded();
  if (folder_ == nullptr) return;
  try {
    folder_->append_metrics(metrics_line(step, evaluation));
    metrics_fail_ = false;
  } catch (const Error& error) {
    if (!metrics_fail_)
      warn(std::string(error.what()) + "; training goes on, and the lines are written when it works again");
    metrics_fail_ = true;
  }
}

void Saver::restore_folder() {
  if (folder_->restore()) warn("the run's folder was removed; it is made again, without what it held");
}

void Saver::save() {
  if (folder_ == nullptr) return;
  restore_folder();
  const auto path = folder_->checkpoint(state_.step);
  if (std::filesystem::exists(path / "state.json")) return prune();
  folder_->sync_metrics();  // which go on after the checkpoint's step when the run is resumed
  AtomicFolder checkpoint(path);
  trained_.write(checkpoint.path());
  trained_.optimizer().save(checkpoint.path() / "optimizer.safetensors");
  write_file_atomic(checkpoint.path() / "state.json", to_json(state_).dump(2) + "\n");
  checkpoint.commit();
  prune();
  if (events_.saved) events_.saved(path, state_.step);
}

void Saver::prune() {
  try {
    folder_->prune(options_.save_total_limit);
  } catch (const Error& error) {
    warn("an old checkpoint stays: " + std::string(error.what()));
  }
}

bool Saver::try_to_save() {
  try {
    save();
    return true;
  } catch (const Error& error) {
    warn("step " + std::to_string(state_.step) + " could not be saved: " + error.what() +
         "; training goes on, and the next checkpoint is tried");
    return false;
  }
}

bool Saver::try_to_save_best() {
  if (folder_ == nullptr) return true;
  try {
    restore_folder();
    make_folders(folder_->best());
    trained_.write(folder_->best());
    return true;
  } catch (const Error& error) {
    warn("the best so far could not be saved, and so does not count: " + std::string(error.what()));
    return false;
  }
}

// When the end of a run cannot be written.
std::string Saver::how_to_finish() const {
  if (!folder_->is_ours()) return "what this run saved before is where its folder went";
  const auto steps = folder_->checkpoints();
  return (steps.empty() ? std::string("no checkpoint is there")
                        : "step " + std::to_string(steps.front()) + " is saved") +
         "; when that is mended, go on with: aacft train --resume " + folder_->path().string();
}

void Saver::save_at_the_end() {
  try {
    save();
  } catch (const Error& error) {
    throw Error("step ", state_.step, " could not be saved: ", error.what(), "; ", how_to_finish());
  }
}

void Saver::finish() {
  if (folder_ == nullptr) return;
  save_at_the_end();
  try {
    if (options_.keep_best && state_.best_loss) {
      if (std::filesystem::exists(folder_->best())) trained_.read(folder_->best());
      else warn("the best adapter was removed; the result is the last one");
    }
    trained_.write(folder_->path());
  } catch (const Error& error) {
    throw Error("the run is over, but its result could not be written: ", error.what(), "; ", how_to_finish());
  }
}

}  // namespace aacft
