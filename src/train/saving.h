// What a run writes into its folder while it goes on, and how it is resumed from there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "aacft/train/options.h"
#include "aacft/train/run_folder.h"
#include "aacft/train/trainer.h"
#include "train/trained_model.h"

namespace aacft {

// Of several workers the first one alone has a folder; without one, all of this does nothing. What cannot be written
// while the run goes on is warned of and tried again; Error at its end.
class Saver {
 public:
  Saver(const TrainOptions& options, const TrainEvents& events, RunFolder* folder, TrainedModel& trained,
        RunState& state);

  // Makes the folder a run's, and sets the state to that of the newest checkpoint where the run is resumed. Error where
  // that one is of other data.
  void begin(const RunInfo& info);
  // Weights and moments of that checkpoint; metrics.jsonl goes on after it.
  void resume();

  // The step is over, evaluation included: a line of metrics.jsonl.
  void record(const StepReport& step, const std::optional<EvalReport>& evaluation);
  void set_recorded() { recorded_ = state_.step; }
  std::int64_t recorded() const { return recorded_; }  // steps that are over

  bool try_to_save();       // a checkpoint
  bool try_to_save_best();  // the weights with the lowest evaluation loss
  // Before the run ends early. A step that is not over cannot be saved.
  bool save_recorded() { return folder_ != nullptr && recorded_ > 0 && recorded_ == state_.step && try_to_save(); }
  void save_at_the_end();
  void finish();  // the last checkpoint, and the result

 private:
  void warn(const std::string& message) const;
  void save();
  void restore_folder();
  void prune();
  std::string how_to_finish() const;

  const TrainOptions& options_;
  const TrainEvents& events_;
  RunFolder* folder_;
  TrainedModel& trained_;
  RunState& state_;
  std::filesystem::path resumed_;  // the checkpoint; empty where there is none
  std::int64_t recorded_ = 0;
  bool metrics_fail_ = false;
};

}  // namespace aacft
