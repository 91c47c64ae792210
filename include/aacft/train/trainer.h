// A training run from options to adapter folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "aacft/model/adapter_set.h"
#include "aacft/train/options.h"

namespace aacft {

class Model;
struct RunInput;

struct RunInfo {
  std::int64_t trained_parameters = 0, model_parameters = 0;
  std::size_t samples = 0, eval_samples = 0;
  std::uint64_t tokens = 0;  // in the training samples
  std::int64_t total_steps = 0, steps_done = 0;
  double epochs = 0;
  std::int64_t pass_tokens = 0;  // that a pass may hold
  std::size_t kept_layers = 0, layers = 0;
  std::uint64_t memory_budget = 0;
  int workers = 1;
};

struct StepReport {
  std::int64_t step = 0, total_steps = 0;  // step counts from 1
  double loss = 0, learning_rate = 0;
  double grad_norm = 0;          // before clipping
  bool skipped = false;          // loss or gradient was not finite, and nothing was applied
  std::int64_t tokens = 0;       // that counted in the loss
  double tokens_per_second = 0;  // all tokens of the step's samples; there is no padding
  double seconds = 0, seconds_left = 0;
  double epoch = 0;
  std::uint64_t rss_bytes = 0, peak_rss_bytes = 0;
  double cpu_percent = 0;
  std::int64_t passes = 0;                      // of this worker
  std::optional<double> communication_seconds;  // with several workers: spent on each other, waiting included
};

struct EvalReport {
  std::int64_t step = 0;
  double loss = 0;  // mean over the tokens that count
  bool best = false;
};

// The library never prints: it reports here. Any of these may be empty. Of several workers only the first reports;
// the others warn, and may be asked to stop.
struct TrainEvents {
  std::function<void(const RunInfo&)> start;
  std::function<void(const StepReport&)> step;
  std::function<void(const EvalReport&)> evaluation;  // its line is in metrics.jsonl by then
  std::function<void(const std::filesystem::path&, std::int64_t step)> saved;
  std::function<void(const std::string&)> warning;
  std::function<bool()> stop_requested;  // asked before every step
  // The model before the first step, also where the run is resumed, and when the run is over and its result written: to
  // let it answer.
  std::function<void(const Model&, const AdapterModules&adapter, const RunInput&)> untrained, trained;
};

enum class RunEnd { kFinished, kStoppedEarly, kInterrupted };

struct RunResult {
  RunEnd end = RunEnd::kFinished;
  std::int64_t step = 0;
  std::optional<double> best_loss;
  std::int64_t best_step = 0;
  double seconds = 0;
  int rank = 0;  // of this worker
};

// Runs until it is finished, stopped by patience, or interrupted (then its state is saved and can be resumed), alone or
// as one of several workers (aacft/train/workers.h). Throws Error for whatever options, files or numbers do not allow,
// and when another worker is lost; then the first worker saves the last whole step.
RunResult train(const TrainOptions& options, const TrainEvents& events);

}  // namespace aacft
